import { z } from 'zod'
import { ChatlaneError } from '../errors/chatlane-error.ts'

export type Operation = 'create' | 'complete' | 'get' | 'list' | 'update' | 'end'

/** One HTTP request, relative to the base URL. A body is sent as JSON. */
export interface WireRequest {
  operation: Operation
  method: 'GET' | 'POST' | 'PATCH'
  path: string
  body?: Record<string, unknown>
}

/** The defaults differ between the dialects, so nothing is left to the server. */
export interface FullListQuery {
  limit: number
  sortOrder: 'ascending' | 'descending'
  paginationKey?: string | undefined
}

/** One of UponAI's two ways to say the same; answers are read alike for both. */
export interface Dialect {
  create(input: CreateChatInput): WireRequest
  complete(input: CompletionInput): WireRequest
  get(chatId: string): WireRequest
  list(query: FullListQuery): WireRequest
  update(chatId: string, patch: UpdateChatPatch): WireRequest
  end(chatId: string): WireRequest
}

/** Opaque, but it must be able to stand in a path: `.` and `..` would change it. */
const chatId = z
  .string()
  .min(1)
  .max(512)
  .refine((id) => id !== '.' && id !== '..' && id.isWellFormed(), 'expected an id that can stand in a path')
const metadata = z.record(z.string(), z.unknown()).optional()
/** Values must be strings (UponAI's guide on dynamic variables). */
const variables = z.record(z.string(), z.string())

const createChatInput = z.strictObject({
  agentId: z.string().min(1),
  metadata,
  dynamicVariables: variables.optional(),
})
const completionInput = z.strictObject({
  chatId,
  content: z.string().refine((content) => content.trim() !== '', 'expected some text'),
})
const listChatsQuery = z.strictObject({
  limit: z.int().min(1).max(1000).optional(),
  sortOrder: z.enum(['ascending', 'descending']).optional(),
  paginationKey: z.string().min(1).optional(),
})
const updateChatPatch = z.strictObject({
  metadata,
  customAttributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** null clears them. */
  overrideDynamicVariables: variables.nullable().optional(),
})

export type CreateChatInput = z.infer<typeof createChatInput>
export type CompletionInput = z.infer<typeof completionInput>
export type ListChatsQuery = z.infer<typeof listChatsQuery>
export type UpdateChatPatch = z.infer<typeof updateChatPatch>

export const inputs = { chatId, createChatInput, completionInput, listChatsQuery, updateChatPatch }

/** @throws ChatlaneError `UPONAI_INVALID_REQUEST` naming what was wrong; the values themselves are not quoted. */
export function checked<T>(operation: Operation, shape: z.ZodType<T>, value: unknown): T {
  const read = shape.safeParse(value)
  if (read.success) return read.data
  const problems = read.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
  throw new ChatlaneError('UPONAI_INVALID_REQUEST', `cannot ask UponAI to ${operation} a chat: ${problems.join('; ')}`)
}
