import type { Conversation, Conversations } from '@chatlane/core'
import type { Request, RequestHandler, Response } from 'express'
import { clientAddress } from '../limits/client-address.ts'
import type { Visitor } from '../limits/rate-limits.ts'
import { Problem } from '../problems.ts'
import { note } from '../request-log.ts'
import type { ApiKeys } from './api-keys.ts'
import { bearerOf } from './bearer.ts'
import type { Caller } from './caller.ts'
import type { ConversationTokens } from './conversation-tokens.ts'

export interface Opened {
  caller: Caller
  conversation: Conversation
  /** The same, as limits count it. */
  visitor: Visitor
}

/** Opens the conversation of a request's path to those who may see it. */
export class ConversationAccess {
  readonly #keys: ApiKeys
  readonly #tokens: ConversationTokens
  readonly #conversations: Conversations
  readonly #callers = new WeakMap<Request, Caller>()

  constructor(keys: ApiKeys, tokens: ConversationTokens, conversations: Conversations) {
    this.#keys = keys
    this.#tokens = tokens
    this.#conversations = conversations
  }

  /** Refuses requests without credentials for the conversation of their path before their body is read. */
  demand(): RequestHandler {
    return async (request, _response, next) => {
      this.#callers.set(request, await this.#identify(bearerOf(request), undefined, String(request.params.id)))
      next()
    }
  }

  /** Who was found to ask by {@link demand}; undefined where it was not called. */
  callerOf(request: Request): Caller | undefined {
    return this.#callers.get(request)
  }

  /**
   * @param queryToken the token of the query, where one is allowed: an EventSource cannot send headers
   * @throws Problem `unauthorized`, `forbidden` or `not_found`
   */
  async open(request: Request, response: Response, queryToken?: string): Promise<Opened> {
    const id = String(request.params.id)
    const caller = this.#callers.get(request) ?? (await this.#identify(bearerOf(request), queryToken, id))
    const conversation = await this.#conversations.find(id)
    if (!conversation) throw new Problem('not_found', 'there is no conversation with this id')
    note(response, { conversation: id, caller })
    return { caller, conversation, visitor: { caller, conversation: id, address: clientAddress(request) } }
  }

  async #identify(bearer: string | undefined, queryToken: string | undefined, id: string): Promise<Caller> {
    // An API key is good in the header only: URLs end up in histories and logs.
    if (bearer !== undefined && this.#keys.has(bearer)) return 'server'
    const opens = await this.#tokens.conversationOf(bearer ?? queryToken ?? '')
    if (opens === undefined)
      throw new Problem('unauthorized', "expected an API key or the conversation's token as Authorization: Bearer …")
    if (opens !== id) throw new Problem('forbidden', 'the token opens another conversation')
    return 'participant'
  }
}
