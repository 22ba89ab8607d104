import type { RoutesHolder } from '@chatlane/core'
import type { RequestHandler } from 'express'

/** Lets pages of the origins in the web routes use the API; others get no CORS headers, so their browsers refuse. */
export function cors(routes: RoutesHolder): RequestHandler {
  return (request, response, next) => {
    response.vary('Origin')
    const origin = request.get('origin')
    const allowed = origin !== undefined && routes.current.web.some((route) => route.allowedOrigins.includes(origin))
    if (!allowed) {
      next()
      return
    }
    response.set('Access-Control-Allow-Origin', origin)
    response.set('Access-Control-Expose-Headers', 'Location, Retry-After')
    if (request.method !== 'OPTIONS' || request.get('access-control-request-method') === undefined) {
      next()
      return
    }
    response.set({
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
      'Access-Control-Max-Age': '600',
    })
    response.status(204).end()
  }
}
