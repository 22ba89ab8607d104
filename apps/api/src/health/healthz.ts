import type { RequestHandler } from 'express'

/** `GET /healthz`: the process runs */
export const healthz: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' })
}
