import type { RoutesHolder, WebRoute } from '@chatlane/core'
import type { Request } from 'express'
import { Problem } from '../problems.ts'

/**
 * Refuses pages that no web route allows, before it is known which route is meant.
 * @throws Problem `unauthorized`
 */
export function requireAllowedOrigin(routes: RoutesHolder, request: Request): void {
  const origin = request.get('origin')
  if (origin !== undefined && routes.current.web.some((route) => route.allowedOrigins.includes(origin))) return
  throw new Problem(
    'unauthorized',
    'expected an API key as Authorization: Bearer …, or public_key and an Origin that its route allows',
  )
}

/**
 * The web route of a browser that comes with a public key.
 * @throws Problem `unauthorized` for an unknown key, or a page that the route does not allow
 */
export function requireWebRoute(routes: RoutesHolder, request: Request, publicKey: string | undefined): WebRoute {
  if (publicKey === undefined)
    throw new Problem('unauthorized', 'expected an API key as Authorization: Bearer …, or public_key and an Origin')
  const route = routes.current.webRoute(publicKey)
  if (!route) throw new Problem('unauthorized', 'expected public_key to be that of a web route')
  const origin = request.get('origin')
  if (origin === undefined || !route.allowedOrigins.includes(origin))
    throw new Problem('unauthorized', "expected an Origin that the public key's route allows")
  return route
}
