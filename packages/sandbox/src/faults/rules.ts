import { z } from 'zod'
import { twilioOperations, uponaiOperations } from '../history/entries.ts'
import { fixedShape, latencySchema, lognormalShape, uniformShape } from './latency.ts'

/** Before the effect: nothing happens at the provider. After it: all has happened, only the answer is spoilt. */
const when = z.enum(['before', 'after']).default('before')

const statusFault = z.strictObject({
  kind: z.literal('status'),
  status: z.int().min(300).max(599),
  when,
  retry_after_s: z.int().min(0).optional(),
  message: z.string().optional(),
  /** Twilio's error code in the body; by default the usual one for the status. */
  code: z.int().optional(),
})
const dropFault = z.strictObject({ kind: z.literal('drop'), when })
/** Holds the request `ms` milliseconds and then closes the connection; without `ms`, until the caller gives up. */
const hangFault = z.strictObject({ kind: z.literal('hang'), when, ms: z.number().positive().max(3_600_000).optional() })
const endChatFault = z.strictObject({ kind: z.literal('end-chat') })
const kind = z.literal('latency')
const latencyFault = z.discriminatedUnion('distribution', [
  z.strictObject({ kind, ...fixedShape }),
  z.strictObject({ kind, ...uniformShape }),
  z.strictObject({ kind, ...lognormalShape }),
])

const chance = {
  probability: z.number().min(0).max(1).default(1),
  /** At most this many injections. */
  times: z.int().min(1).optional(),
}

const uponaiRule = z.strictObject({
  target: z.literal('uponai'),
  operation: z.enum(uponaiOperations).optional(),
  ...chance,
  match: z
    .strictObject({
      agent: z.string().optional(),
      chat: z.string().optional(),
      text: z.string().optional(),
      text_contains: z.string().optional(),
    })
    .default({}),
  fault: z.discriminatedUnion('kind', [statusFault, dropFault, hangFault, endChatFault, latencyFault]),
})

const twilioRule = z.strictObject({
  target: z.literal('twilio'),
  operation: z.enum(twilioOperations).optional(),
  ...chance,
  match: z
    .strictObject({
      to: z.string().optional(),
      from: z.string().optional(),
      text: z.string().optional(),
      text_contains: z.string().optional(),
    })
    .default({}),
  fault: z.discriminatedUnion('kind', [statusFault, dropFault, hangFault, latencyFault]),
})

export const faultRuleSchema = z.discriminatedUnion('target', [uponaiRule, twilioRule])

/** The body of `POST /_sandbox/faults`: replaces all that was set before. */
export const faultPlanSchema = z.strictObject({
  seed: z.int().default(1),
  rules: z.array(faultRuleSchema).max(1000).default([]),
  /** For every request that no latency rule delays. */
  latency: latencySchema.nullable().optional(),
})

export type FaultRule = z.infer<typeof faultRuleSchema>
/** What a sender writes; defaults may be left out. */
export type FaultPlanInput = z.input<typeof faultPlanSchema>
type Fault = FaultRule['fault']
/** A fault that spoils the request itself. */
export type Disturbance = Extract<Fault, { when: string }>
