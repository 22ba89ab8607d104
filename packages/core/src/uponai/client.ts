import type { ErrorCode } from '../errors/catalog.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import { exchange } from '../http/exchange.ts'
import { openFresh, openPool } from '../http/pool.ts'
import { repeatableExchange } from '../http/repeatable-exchange.ts'
import { withoutEnding } from '../text/without-ending.ts'
import type { AgentDialect } from './agent-requests.ts'
import { agentMethods, type UponAIAgents } from './agents.ts'
import type { Chat, ChatMessage } from './chat.ts'
import { badAnswer, failureOf, isRepeatable, json } from './classify.ts'
import { type ChatPage, readChat, readChatPage, readReplies } from './read-answer.ts'
import {
  type Call,
  type CallOptions,
  type CreateChatInput,
  checked,
  type Dialect,
  inputs,
  type ListChatsQuery,
  type Operation,
  type UpdateChatPatch,
  type WireRequest,
} from './requests.ts'
import { restDialect } from './rest.ts'
import { restAgents } from './rest-agents.ts'
import { rpcDialect } from './rpc.ts'
import { rpcAgents } from './rpc-agents.ts'

export { agentTexts, type Chat, type ChatMessage, isOfTool } from './chat.ts'
export type { CallOptions } from './requests.ts'

export interface UponAIClientOptions {
  /** http or https; a path in it is put before every request's path. */
  baseUrl: string
  apiKey: string
  dialect: 'rest' | 'rpc'
  /** Required for `rest`. */
  workspaceId?: number | undefined
  /** For a whole request: waiting for a connection, headers and body, in milliseconds. */
  timeoutMs: number
  /** The same for a completion; without it `timeoutMs`. */
  completionTimeoutMs?: number | undefined
  /** Most connections at a time; more requests wait for a free one. Default 1000. */
  connections?: number | undefined
  /** Put around every request, so that it can be held back or counted; it makes the request by calling `request`. */
  around?: (<T>(operation: Operation, request: () => Promise<T>, signal?: AbortSignal) => Promise<T>) | undefined
}

/**
 * UponAI's chats and agents over either dialect. Every method throws a `ChatlaneError` whose `handling` says what to do;
 * nothing is retried here, but for what changes nothing when it meets a kept connection that the other side has forgotten.
 */
export interface UponAIClient extends UponAIAgents {
  /** Not repeatable: after an `unclear` error look for the chat in the list before creating another. */
  createChat(input: CreateChatInput, options?: CallOptions): Promise<Chat>
  /**
   * Says one text and gives what the agent's side made of it, in order; see `agentTexts`. Not repeatable: after an
   * `unclear` error read the chat back. A refusal makes it look at the chat, so that `gone` and `permanent` are true.
   */
  complete(chatId: string, content: string, options?: CallOptions): Promise<ChatMessage[]>
  getChat(chatId: string, options?: CallOptions): Promise<Chat>
  /** One page; `limit` 1 to 1000 (100 when not given), newest first when not told otherwise. */
  listChats(query?: ListChatsQuery, options?: CallOptions): Promise<ChatPage>
  /** All chats, page by page. */
  eachChat(query?: ListChatsQuery, options?: CallOptions): AsyncGenerator<Chat>
  updateChat(chatId: string, patch: UpdateChatPatch, options?: CallOptions): Promise<Chat>
  /** Also succeeds for a chat that is already over or unknown. */
  endChat(chatId: string, options?: CallOptions): Promise<void>
  /** Takes a chat and what was said in it away. Only `rpc` can. */
  deleteChat(chatId: string, options?: CallOptions): Promise<void>
  /** Has a chat that is over analysed again, which is charged: not repeatable. Only `rpc` can. */
  rerunAnalysis(chatId: string, options?: CallOptions): Promise<Chat>
  /** Lets requests in progress finish, then closes the connections. */
  close(): Promise<void>
}

/** @throws TypeError for options that can never work. Connects on the first request. */
export function createUponAIClient(options: UponAIClientOptions): UponAIClient {
  const { origin, pathPrefix, dialect, agents } = settled(options)
  const { around = (_operation, request) => request(), completionTimeoutMs = options.timeoutMs } = options
  const pool = openPool(origin, options.connections ?? 1000)

  const call: Call = async (request, callOptions, expected, read) =>
    around(request.operation, () => send(request, callOptions, expected, read), callOptions.signal)

  async function send<T>(
    request: WireRequest,
    { timeoutMs = options.timeoutMs, signal, begin }: CallOptions,
    expected: string,
    read: (body: unknown) => T | undefined,
  ): Promise<T> {
    const body = request.body === undefined ? null : JSON.stringify(request.body)
    const headers: Record<string, string> = { authorization: `Bearer ${options.apiKey}`, accept: 'application/json' }
    if (body !== null) headers['content-type'] = 'application/json'
    const { method, operation } = request
    const sending = { method, path: pathPrefix + request.path, headers, body }
    const limits = { timeoutMs, signal, begin }
    const done = isRepeatable(operation)
      ? await repeatableExchange(pool, () => openFresh(origin), sending, limits)
      : await exchange(pool, sending, limits)
    const failure = failureOf(operation, done, options.apiKey)
    if (failure) throw failure
    const answer = read(json(done.text))
    if (answer === undefined) throw badAnswer(operation, expected, done.status)
    return answer
  }

  async function getChat(chatId: string, callOptions: CallOptions = {}): Promise<Chat> {
    const id = checked('get', inputs.chatId, chatId)
    return call(dialect.get(id), callOptions, 'a chat with its id', readChat)
  }

  /**
   * No document says how a request to an ended chat is refused, and a 404 or 422 may be about the text: after a refusal the
   * chat itself is asked.
   */
  async function explained(
    error: unknown,
    { operation, chatId }: { operation: Operation; chatId: string },
    callOptions: CallOptions,
  ): Promise<unknown> {
    if (!(error instanceof ChatlaneError)) return error
    const { code, status = 0, detail } = error
    if (status < 400 || (code !== 'UPONAI_CHAT_GONE' && code !== 'UPONAI_REJECTED')) return error
    const [trueCode, about]: [ErrorCode, string] = (await isOver(chatId, callOptions))
      ? ['UPONAI_CHAT_GONE', 'the chat is over']
      : ['UPONAI_REJECTED', 'the chat goes on']
    const message = `UponAI answered ${status} to ${operation}: ${about}`
    return new ChatlaneError(trueCode, message, { status, detail, cause: error })
  }

  async function isOver(chatId: string, callOptions: CallOptions): Promise<boolean> {
    try {
      return (await getChat(chatId, callOptions)).over
    } catch (error) {
      // A chat that refuses a request, and even to be read, is of no more use.
      if (isGone(error) || (error instanceof ChatlaneError && error.handling === 'permanent')) return true
      throw error
    }
  }

  async function listChats(query: ListChatsQuery = {}, callOptions: CallOptions = {}): Promise<ChatPage> {
    const given = checked('list', inputs.listChatsQuery, query)
    const request = dialect.list({ ...given, limit: given.limit ?? 100, sortOrder: given.sortOrder ?? 'descending' })
    return call(request, callOptions, 'a list of chats', readChatPage)
  }

  return {
    ...agentMethods(call, agents),
    getChat,
    listChats,

    async createChat(input, callOptions = {}) {
      const request = dialect.create(checked('create', inputs.createChatInput, input))
      try {
        return await call(request, callOptions, 'a chat with its id', readChat)
      } catch (error) {
        throw withAgent(error, input.agentId)
      }
    },

    async complete(chatId, content, callOptions = {}) {
      const request = dialect.complete(checked('complete', inputs.completionInput, { chatId, content }))
      try {
        const patience = { timeoutMs: completionTimeoutMs, ...callOptions }
        return await call(request, patience, 'a list of messages', readReplies)
      } catch (error) {
        throw await explained(error, { operation: 'complete', chatId }, callOptions)
      }
    },

    async *eachChat(query = {}, callOptions = {}) {
      const seen = new Set<string>()
      let paginationKey = query.paginationKey
      do {
        if (paginationKey !== undefined) seen.add(paginationKey)
        const page = await listChats({ ...query, paginationKey }, callOptions)
        yield* page.chats
        paginationKey = page.next
      } while (paginationKey !== undefined && !seen.has(paginationKey))
    },

    async updateChat(chatId, patch, callOptions = {}) {
      const id = checked('update', inputs.chatId, chatId)
      const request = dialect.update(id, checked('update', inputs.updateChatPatch, patch))
      return call(request, callOptions, 'a chat with its id', readChat)
    },

    async endChat(chatId, callOptions = {}) {
      const request = dialect.end(checked('end', inputs.chatId, chatId))
      try {
        await call(request, callOptions, 'nothing', () => null)
      } catch (error) {
        const refusal = await explained(error, { operation: 'end', chatId }, callOptions)
        if (!isGone(refusal)) throw refusal
      }
    },

    async deleteChat(chatId, callOptions = {}) {
      await call(dialect.delete(checked('delete', inputs.chatId, chatId)), callOptions, 'nothing', () => null)
    },

    async rerunAnalysis(chatId, callOptions = {}) {
      const request = dialect.rerunAnalysis(checked('rerun-analysis', inputs.chatId, chatId))
      return call(request, callOptions, 'a chat with its id', readChat)
    },

    close: () => pool.close(),
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ChatlaneError && error.handling === 'gone'
}

/** An unknown id of creating a chat can only be the agent's. */
function withAgent(error: unknown, agentId: string): unknown {
  if (!(error instanceof ChatlaneError) || error.code !== 'UPONAI_REJECTED') return error
  const { code, status, detail } = error
  if (status !== 404 && status !== 422) return error
  const message = `${error.message}: is there an agent ${agentId}? See chatlane agents list`
  return new ChatlaneError(code, message, { status, detail, cause: error })
}

function settled({ baseUrl, apiKey, dialect, workspaceId, timeoutMs }: UponAIClientOptions) {
  const url = URL.parse(baseUrl)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new TypeError('baseUrl: expected an http or https URL without user, query and fragment')
  }
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError('apiKey: expected printable ASCII without spaces')
  if (!(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1)) throw new TypeError('timeoutMs: expected 1 to 2147483647')
  return { origin: url.origin, pathPrefix: withoutEnding(url.pathname, '/'), ...chosen(dialect, workspaceId) }
}

function chosen(dialect: 'rest' | 'rpc', workspaceId: number | undefined): { dialect: Dialect; agents: AgentDialect } {
  if (dialect === 'rpc') return { dialect: rpcDialect, agents: rpcAgents }
  if (workspaceId === undefined || !Number.isSafeInteger(workspaceId)) {
    throw new TypeError('workspaceId: expected an integer, which the rest dialect requires')
  }
  return { dialect: restDialect(workspaceId), agents: restAgents(workspaceId) }
}
