import type { Config, Conversations, RoutesHolder } from '@chatlane/core'
import type { Request, RequestHandler } from 'express'
import { z } from 'zod'
import type { ApiKeys } from '../auth/api-keys.ts'
import { bearerOf } from '../auth/bearer.ts'
import type { ConversationTokens } from '../auth/conversation-tokens.ts'
import { requireWebRoute } from '../auth/web-origin.ts'
import { clientAddress } from '../limits/client-address.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import { invalid, parse } from '../parse.ts'
import { note } from '../request-log.ts'
import { requireOwnFields } from './browser-fields.ts'
import { chatFields, requireVersion } from './chat-fields.ts'

/** A misspelled field would silently do nothing. */
const body = z.strictObject({
  ...chatFields,
  public_key: z.string().min(1).max(200).optional(),
})

interface Parts {
  config: Pick<Config, 'uponai'>
  conversations: Conversations
  routes: RoutesHolder
  keys: ApiKeys
  tokens: ConversationTokens
  limits: RateLimits
}

/** `POST /v1/conversations` */
export function createConversation(parts: Parts): RequestHandler {
  return async (request, response) => {
    const input = parse(body, request.body ?? {})
    const chosen = await chooseRoute(parts, request, input)
    const { agentId, agentAsked, publicKey, browserVariables, byVisitor = false } = chosen
    requireVersion(input, parts.config.uponai.dialect)
    const { agent_version: agentVersion, metadata, dynamic_variables: dynamicVariables } = input
    const conversation = await parts.conversations.openWeb(
      {
        agentId,
        ...(publicKey !== undefined && { publicKey }),
        ...(agentVersion !== undefined && { agentVersion }),
        ...(agentAsked && { agentAsked }),
        ...(metadata && { metadata }),
        ...(dynamicVariables && { dynamicVariables }),
        ...(browserVariables && { browserVariables }),
      },
      { byVisitor },
    )
    note(response, { outcome: 'created', conversation: conversation.id })
    response
      .status(201)
      .location(`/v1/conversations/${conversation.id}`)
      .json({
        conversation_id: conversation.id,
        status: 'open',
        channel: conversation.channel,
        agent_id: conversation.agentId,
        token: await parts.tokens.issue(conversation.id),
        created_at: new Date(conversation.createdAt).toISOString(),
      })
  }
}

/** Servers choose the agent; a browser gets the one of its public key's route. */
async function chooseRoute(
  { routes, keys, limits }: Parts,
  request: Request,
  input: z.infer<typeof body>,
): Promise<{
  agentId: string
  agentAsked?: boolean
  publicKey?: string
  browserVariables?: string[]
  byVisitor?: boolean
}> {
  if (bearerOf(request) !== undefined) {
    keys.require(request)
    const route = input.public_key === undefined ? undefined : routes.current.webRoute(input.public_key)
    if (input.public_key !== undefined && !route) throw invalid('public_key', 'expected the key of a web route')
    const agentId = input.agent_id ?? route?.agentId
    if (agentId === undefined) throw invalid('agent_id', 'expected an agent id, or the public_key of a web route')
    return { agentId, ...(route && { publicKey: route.publicKey, agentAsked: input.agent_id !== undefined }) }
  }
  const route = requireWebRoute(routes, request, input.public_key)
  if (input.agent_id !== undefined && input.agent_id !== route.agentId)
    throw invalid('agent_id', "expected none: the public key's route names the agent")
  const browserVariables = requireOwnFields(route, input)
  await limits.creation(clientAddress(request), route.publicKey, route.limits)
  const { agentId, publicKey } = route
  return { agentId, publicKey, byVisitor: true, ...(browserVariables && { browserVariables }) }
}
