import { z } from 'zod'
import { ChatlaneError } from '../errors/chatlane-error.ts'

/** What is done at UponAI, and how it is told. */
const deeds = {
  create: 'create a chat',
  complete: 'complete a chat',
  get: 'get a chat',
  list: 'list chats',
  update: 'update a chat',
  end: 'end a chat',
  delete: 'delete a chat',
  'rerun-analysis': 'analyse a chat again',
  'agent-create': 'create an agent',
  'agent-get': 'get an agent',
  'agent-list': 'list agents',
  'agent-update': 'update an agent',
  'agent-versions': 'list the versions of an agent',
  'agent-publish': 'publish an agent',
  'agent-draft': 'begin a draft of an agent',
  concurrency: 'tell the concurrency',
}

export type Operation = keyof typeof deeds

/** One HTTP request, relative to the base URL. A body is sent as JSON. */
export interface WireRequest {
  operation: Operation
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  path: string
  body?: Record<string, unknown>
}

export interface CallOptions {
  signal?: AbortSignal | undefined
  /** Instead of the client's. */
  timeoutMs?: number | undefined
  /** Throws when the call must not be made any more; asked when the request is about to be written to its connection. */
  begin?: (() => void) | undefined
}

/** Sends and reads; `read` gives undefined for what it cannot make sense of, which then is told as not what was `expected`. */
export type Call = <T>(
  request: WireRequest,
  options: CallOptions,
  expected: string,
  read: (body: unknown) => T | undefined,
) => Promise<T>

/** The defaults differ between the dialects, so nothing is left to the server. */
export interface FullListQuery {
  limit: number
  sortOrder: 'ascending' | 'descending'
  paginationKey?: string | undefined
  filter?: ChatFilter | undefined
}

/** One of UponAI's two ways to say the same; answers are read alike for both. */
export interface Dialect {
  create(input: CreateChatInput): WireRequest
  complete(input: CompletionInput): WireRequest
  get(chatId: string): WireRequest
  list(query: FullListQuery): WireRequest
  update(chatId: string, patch: UpdateChatPatch): WireRequest
  end(chatId: string): WireRequest
  /** Only `rpc` can. */
  delete(chatId: string): WireRequest
  /** Only `rpc` can. */
  rerunAnalysis(chatId: string): WireRequest
}

/** An id is opaque, but it must be able to stand in a path: `.` and `..` would change it. */
export const pathId = z
  .string()
  .min(1)
  .max(512)
  .refine((id) => id !== '.' && id !== '..' && id.isWellFormed(), 'expected an id that can stand in a path')
const metadata = z.record(z.string(), z.unknown()).optional()
/** Values must be strings (UponAI's guide on dynamic variables). */
const variables = z.record(z.string(), z.string())

const createChatInput = z.strictObject({
  agentId: z.string().min(1),
  /** Only `rpc` can: a number, `latest`, `latest_published` or a tag. */
  agentVersion: z.union([z.int().min(0), z.string().min(1).max(20)]).optional(),
  metadata,
  dynamicVariables: variables.optional(),
})
const completionInput = z.strictObject({
  chatId: pathId,
  content: z.string().refine((content) => content.trim() !== '', 'expected some text'),
})
const chatFilter = z.strictObject({
  agentId: z.string().min(1).optional(),
  status: z.enum(['ongoing', 'ended', 'error']).optional(),
  /** Both included. */
  startedAfter: z.date().optional(),
  startedBefore: z.date().optional(),
})
const listChatsQuery = z.strictObject({
  limit: z.int().min(1).max(1000).optional(),
  sortOrder: z.enum(['ascending', 'descending']).optional(),
  paginationKey: z.string().min(1).optional(),
  /** Only `rpc` can: what does not fit may be in the answer all the same. See `findChats`. */
  filter: chatFilter.optional(),
})
const updateChatPatch = z.strictObject({
  metadata,
  customAttributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** null clears them. */
  overrideDynamicVariables: variables.nullable().optional(),
})

export type CreateChatInput = z.infer<typeof createChatInput>
export type ChatFilter = z.infer<typeof chatFilter>
export type CompletionInput = z.infer<typeof completionInput>
export type ListChatsQuery = z.infer<typeof listChatsQuery>
export type UpdateChatPatch = z.infer<typeof updateChatPatch>

export const inputs = { chatId: pathId, createChatInput, completionInput, listChatsQuery, updateChatPatch }

/** @throws ChatlaneError `UPONAI_INVALID_REQUEST` naming what was wrong; the values themselves are not quoted. */
export function checked<T>(operation: Operation, shape: z.ZodType<T>, value: unknown): T {
  const read = shape.safeParse(value)
  if (read.success) return read.data
  const problems = read.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
  throw invalid(operation, problems.join('; '))
}

/** Refused here, before anything was sent. */
export function invalid(operation: Operation, why: string): ChatlaneError {
  return new ChatlaneError('UPONAI_INVALID_REQUEST', `cannot ask UponAI to ${deeds[operation]}: ${why}`)
}
