import { z } from 'zod'
import { type AgentFields, agentFields } from './agent-fields.ts'
import { pathId, type WireRequest } from './requests.ts'

export interface AgentListQuery {
  limit: number
  /** What an earlier page gave as its next. */
  page?: PageKey | undefined
}

/** UponAI's own keys of a page; in `rest` there are two of them. */
export interface PageKey {
  key: string
  version?: number | undefined
}

/** What one of the two ways to say the same can say about agents; answers are read alike for both. */
export interface AgentDialect {
  name: 'rest' | 'rpc'
  create(fields: AgentFields): WireRequest
  get(agentId: string, version: number | undefined): WireRequest
  list(query: AgentListQuery): WireRequest
  update(agentId: string, version: number | undefined, change: AgentFields): WireRequest
  versions(agentId: string, paginationKey: string | undefined): WireRequest
  /** In `rest` always the draft, in `rpc` always a version that is named. */
  publish(agentId: string, version: number | undefined): WireRequest
  /** Only `rpc` has it. */
  draft?(agentId: string, baseVersion: number): WireRequest
  concurrency(): WireRequest
}

const version = z.int({ error: 'expected a whole number' }).min(0)
const some = (change: object) => Object.keys(change).length > 0

/** One form for each dialect; what they let through is sent as it is. */
type Forms = Record<AgentDialect['name'], z.ZodType<AgentFields>>

const create: Forms = agentFields
const update: Forms = {
  rest: agentFields.rest.partial().refine(some, 'expected at least one field'),
  rpc: agentFields.rpc.partial().refine(some, 'expected at least one field'),
}

export const agentInputs = {
  agentId: pathId,
  version: version.optional(),
  baseVersion: version,
  create,
  update,
  list: z.strictObject({
    limit: z.int().min(1).max(1000).optional(),
    cursor: z
      .string()
      .transform((text, context) => {
        const read = cursorForm.safeParse(text)
        if (read.success) return read.data
        context.addIssue({ code: 'custom', message: 'expected what an earlier page gave as its next' })
        return z.NEVER
      })
      .optional(),
  }),
}

const cursorForm = z
  .string()
  .transform((text) => Buffer.from(text, 'base64url').toString().split('\n'))
  .pipe(z.union([z.tuple([z.string().min(1)]), z.tuple([z.string().min(1), z.string().regex(/^\d{1,9}$/)])]))
  .transform(([key, number]): PageKey => ({ key, ...(number !== undefined && { version: Number(number) }) }))

/** Both keys as one opaque text. */
export function cursorOf({ key, version }: PageKey): string {
  return Buffer.from(version === undefined ? key : `${key}\n${version}`).toString('base64url')
}
