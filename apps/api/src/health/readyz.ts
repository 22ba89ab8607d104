import type { RequestHandler } from 'express'
import { unavailable } from '../problems.ts'
import type { Readiness } from './readiness.ts'

/** `GET /readyz`: the process can take messages */
export function readyz(readiness: Readiness): RequestHandler {
  return async (_request, response) => {
    const problem = await readiness.problem()
    if (problem !== undefined) throw unavailable(problem)
    response.json({ status: 'ready' })
  }
}
