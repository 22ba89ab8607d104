import type { RequestHandler } from 'express'
import { unavailable } from '../problems.ts'
import type { Readiness } from './readiness.ts'

/**
 * `GET /readyz`: the process can take messages.
 * @param options `reasons`: what is wrong is said; `notes`: what someone should see to. Both on the inner listener only
 */
export function readyz(
  readiness: Readiness,
  { reasons, notes = () => [] }: { reasons: boolean; notes?: () => readonly string[] },
): RequestHandler {
  return async (_request, response) => {
    const problem = await readiness.problem()
    if (problem !== undefined) throw unavailable(reasons ? problem : 'this process is not ready')
    const seen = notes()
    response.json({ status: 'ready', ...(seen.length > 0 && { notes: seen }) })
  }
}
