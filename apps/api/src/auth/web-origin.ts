import type { RoutesHolder, WebRoute } from '@chatlane/core'
import type { Request } from 'express'
import { Problem } from '../problems.ts'

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
