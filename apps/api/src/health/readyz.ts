import type { RequestHandler } from 'express'
import { unavailable } from '../problems.ts'
import type { Readiness } from './readiness.ts'

/**
 * `GET /readyz`: the process can take messages.
 * @param reasons what is wrong is said: on the inner listener only
 */
export function readyz(readiness: Readiness, { reasons }: { reasons: boolean }): RequestHandler {
  return async (_request, response) => {
    const problem = await readiness.problem()
    if (problem !== undefined) throw unavailable(reasons ? problem : 'this process is not ready')
    response.json({ status: 'ready' })
  }
}
