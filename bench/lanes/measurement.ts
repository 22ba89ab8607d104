import { z } from 'zod'
import { settingsSchema } from './settings.ts'

/**
 * lanes; plain: BullMQ jobs without order; locking: the same with a lock per key, tried again while it is taken; groupmq:
 * GroupMQ's groups, as it comes and with its adds batched.
 */
export const sideNames = ['lanes', 'plain', 'locking', 'groupmq', 'groupmqBatching'] as const
export type SideName = (typeof sideNames)[number]

/** What a measuring process is asked to do: its only argument, as JSON. */
export const taskSchema = z.object({ side: z.enum(sideNames), redisUrl: z.string(), settings: settingsSchema })
export type Task = z.infer<typeof taskSchema>

/** What came out, its costs per message. */
const measurementSchema = z.object({
  perSecond: z.number(),
  /** CPU time of the Node.js process, user and system, microseconds. */
  nodeMicros: z.number(),
  /** CPU time of Redis, microseconds. */
  redisMicros: z.number(),
  /** Redis commands, those inside scripts included. */
  commands: z.number(),
  /** Times that Redis read from a socket: requests, where those that came together count once. */
  reads: z.number(),
})
export type Measurement = z.infer<typeof measurementSchema>

/** A measuring process's only message. */
export const replySchema = z.union([
  z.object({ measured: measurementSchema }),
  /** A message was lost, doubled, out of order or handled beside another one of its key. */
  z.object({ wrong: z.string() }),
])
export type Reply = z.infer<typeof replySchema>
