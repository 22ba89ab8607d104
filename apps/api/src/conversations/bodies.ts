import type { RoutesHolder } from '@chatlane/core'
import type { RequestHandler } from 'express'
import type { ApiKeys } from '../auth/api-keys.ts'
import { bearerOf } from '../auth/bearer.ts'
import type { ConversationAccess } from '../auth/conversation-access.ts'
import { requireAllowedOrigin } from '../auth/web-origin.ts'
import type { BodyBudget } from '../bodies/body-budget.ts'
import { jsonBody } from '../bodies/json-body.ts'

/** A browser's request to begin a conversation is small. */
const MOST_CREATION_BYTES = 16 * 1024

interface CreationParts {
  keys: ApiKeys
  routes: RoutesHolder
  bodies: BodyBudget
}

/** Reads the request to begin a conversation, of a server with a key or of a browser on a page that some route allows. */
export function creationBody({ keys, routes, bodies }: CreationParts): RequestHandler {
  const ofServer = jsonBody()
  const ofBrowser = jsonBody({ limit: MOST_CREATION_BYTES, budget: bodies })
  return (request, response, next) => {
    if (bearerOf(request) === undefined) {
      requireAllowedOrigin(routes, request)
      return ofBrowser(request, response, next)
    }
    keys.require(request)
    return ofServer(request, response, next)
  }
}

/** Reads a message, of whoever may write into the conversation of the path. */
export function messageBody({ access, bodies }: { access: ConversationAccess; bodies: BodyBudget }): RequestHandler[] {
  const ofServer = jsonBody()
  const ofParticipant = jsonBody({ budget: bodies })
  return [
    access.demand(),
    (request, response, next) =>
      (access.callerOf(request) === 'server' ? ofServer : ofParticipant)(request, response, next),
  ]
}
