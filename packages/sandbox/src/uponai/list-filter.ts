import { z } from 'zod'
import { analysis, cost } from './chat-shapes.ts'
import type { Chat } from './chats.ts'

const presence = z.strictObject({ type: z.literal('present'), op: z.enum(['pr', 'np']) })
const string = z.strictObject({
  type: z.literal('string'),
  op: z.enum(['eq', 'ne', 'sw', 'ew', 'co']),
  value: z.string(),
})
const number = z.strictObject({
  type: z.literal('number'),
  op: z.enum(['eq', 'ne', 'gt', 'ge', 'lt', 'le']),
  value: z.number(),
})
const range = z.strictObject({
  type: z.literal('range'),
  op: z.literal('bt'),
  value: z.tuple([z.number(), z.number()]),
})
const boolean = z.strictObject({ type: z.literal('boolean'), op: z.literal('eq'), value: z.boolean() })
const oneOf = z.strictObject({ type: z.literal('enum'), op: z.literal('in'), value: z.array(z.string()) })

const anyFilter = z.discriminatedUnion('type', [string, number, range, boolean, oneOf, presence])
type Filter = z.infer<typeof anyFilter>

const withKey = z.array(
  z.looseObject({ key: z.string() }).transform(({ key, ...rest }, context) => {
    const filter = anyFilter.safeParse(rest)
    if (filter.success) return { key, filter: filter.data }
    context.addIssue({ code: 'custom', message: 'not a filter of this list' })
    return z.NEVER
  }),
)

/** What each criterion looks at; one that is not here is refused by name rather than passed over. */
const SCALARS = {
  chat_id: (chat: Chat) => chat.id,
  // The sandbox's agents have no tags.
  agent_tag: () => undefined,
  chat_status: (chat: Chat) => chat.status,
  start_timestamp: (chat: Chat) => chat.startedAt,
  end_timestamp: (chat: Chat) => chat.endedAt ?? undefined,
  duration_ms: (chat: Chat) => (chat.endedAt === null ? undefined : chat.endedAt - chat.startedAt),
  disconnection_reason: (chat: Chat) => chat.endedBy ?? undefined,
  combined_cost: (chat: Chat) => (chat.status === 'ended' ? cost(chat).combined_cost : undefined),
  chat_successful: (chat: Chat) => (chat.analysed ? analysis.chat_successful : undefined),
  user_sentiment: (chat: Chat) => (chat.analysed ? analysis.user_sentiment : undefined),
} as const
type Scalar = keyof typeof SCALARS
const scalarNames = z.enum(Object.keys(SCALARS) as [Scalar, ...Scalar[]])

export const filterCriteriaSchema = z.strictObject({
  agent: z.array(z.object({ agent_id: z.string(), version: z.array(z.number()).optional() })).optional(),
  chat_id: anyFilter.optional(),
  agent_tag: anyFilter.optional(),
  chat_status: anyFilter.optional(),
  start_timestamp: anyFilter.optional(),
  end_timestamp: anyFilter.optional(),
  duration_ms: anyFilter.optional(),
  disconnection_reason: anyFilter.optional(),
  combined_cost: anyFilter.optional(),
  chat_successful: anyFilter.optional(),
  user_sentiment: anyFilter.optional(),
  custom_attributes: withKey.optional(),
  custom_analysis_data: withKey.optional(),
})

type FilterCriteria = z.infer<typeof filterCriteriaSchema>

/** All criteria must hold; of several agents, one. */
export function acceptedBy(criteria: FilterCriteria): (chat: Chat) => boolean {
  const { agent, custom_attributes: attributes = [], custom_analysis_data: data = [], ...scalars } = criteria
  return (chat) =>
    (agent === undefined || agent.some((wanted) => isOf(chat, wanted))) &&
    Object.entries(scalars).every(
      ([name, filter]) => filter === undefined || holds(filter, SCALARS[scalarNames.parse(name)](chat)),
    ) &&
    attributes.every(({ key, filter }) => holds(filter, chat.customAttributes?.[key])) &&
    data.every(({ key, filter }) =>
      holds(filter, chat.analysed ? Reflect.get(analysis.custom_analysis_data, key) : undefined),
    )
}

function isOf(chat: Chat, wanted: { agent_id: string; version?: number[] | undefined }): boolean {
  const { agent_id: id, version } = wanted
  return id === chat.agentId && (version === undefined || version.length === 0 || version.includes(chat.agentVersion))
}

function holds(filter: Filter, actual: unknown): boolean {
  switch (filter.type) {
    case 'present':
      return (actual !== undefined) === (filter.op === 'pr')
    case 'string':
      return typeof actual === 'string' && stringHolds(filter, actual)
    case 'number':
      return typeof actual === 'number' && numberHolds(filter, actual)
    case 'range':
      return typeof actual === 'number' && actual >= filter.value[0] && actual <= filter.value[1]
    case 'boolean':
      return actual === filter.value
    case 'enum':
      return typeof actual === 'string' && filter.value.includes(actual)
  }
}

function stringHolds({ op, value }: z.infer<typeof string>, actual: string): boolean {
  switch (op) {
    case 'eq':
      return actual === value
    case 'ne':
      return actual !== value
    case 'sw':
      return actual.startsWith(value)
    case 'ew':
      return actual.endsWith(value)
    case 'co':
      return actual.includes(value)
  }
}

function numberHolds({ op, value }: z.infer<typeof number>, actual: number): boolean {
  switch (op) {
    case 'eq':
      return actual === value
    case 'ne':
      return actual !== value
    case 'gt':
      return actual > value
    case 'ge':
      return actual >= value
    case 'lt':
      return actual < value
    case 'le':
      return actual <= value
  }
}
