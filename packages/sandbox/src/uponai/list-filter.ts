import { z } from 'zod'
import type { Chat } from './chats.ts'

const stringFilter = z.strictObject({
  type: z.literal('string'),
  op: z.enum(['eq', 'ne', 'sw', 'ew', 'co']),
  value: z.string(),
})
const numberFilter = z.union([
  z.strictObject({ type: z.literal('number'), op: z.enum(['eq', 'ne', 'gt', 'ge', 'lt', 'le']), value: z.number() }),
  z.strictObject({ type: z.literal('range'), op: z.literal('bt'), value: z.tuple([z.number(), z.number()]) }),
])

/** The criteria that the sandbox can apply; any other is refused by name rather than passed over. */
export const filterCriteriaSchema = z.strictObject({
  agent: z.array(z.object({ agent_id: z.string(), version: z.array(z.unknown()).optional() })).optional(),
  chat_id: stringFilter.optional(),
  chat_status: z
    .strictObject({
      type: z.literal('enum'),
      op: z.literal('in'),
      value: z.array(z.enum(['ongoing', 'ended', 'error'])),
    })
    .optional(),
  start_timestamp: numberFilter.optional(),
  end_timestamp: numberFilter.optional(),
})

type FilterCriteria = z.infer<typeof filterCriteriaSchema>

/** All criteria must hold; of several agents, one. */
export function acceptedBy(criteria: FilterCriteria): (chat: Chat) => boolean {
  const { agent, chat_id, chat_status, start_timestamp, end_timestamp } = criteria
  return (chat) =>
    (agent === undefined || agent.some(({ agent_id }) => agent_id === chat.agentId)) &&
    (chat_id === undefined || stringHolds(chat_id, chat.id)) &&
    (chat_status === undefined || chat_status.value.includes(chat.status)) &&
    (start_timestamp === undefined || numberHolds(start_timestamp, chat.startedAt)) &&
    (end_timestamp === undefined || (chat.endedAt !== null && numberHolds(end_timestamp, chat.endedAt)))
}

function stringHolds({ op, value }: z.infer<typeof stringFilter>, actual: string): boolean {
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

function numberHolds(filter: z.infer<typeof numberFilter>, actual: number): boolean {
  switch (filter.op) {
    case 'eq':
      return actual === filter.value
    case 'ne':
      return actual !== filter.value
    case 'gt':
      return actual > filter.value
    case 'ge':
      return actual >= filter.value
    case 'lt':
      return actual < filter.value
    case 'le':
      return actual <= filter.value
    case 'bt':
      return actual >= filter.value[0] && actual <= filter.value[1]
  }
}
