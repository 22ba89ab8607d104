import { z } from 'zod'

/** A file that comes with an inbound message. */
export const mediaSchema = z.strictObject({
  content_type: z.string().min(1).default('image/jpeg'),
  bytes: z.int().min(0).max(64_000_000).default(1_000),
  /** Where Twilio sends whoever asks for it: `none`, and it is in the answer itself. */
  redirect: z.enum(['same_host', 'other_host', 'again_and_again', 'none']).default('same_host'),
})

export type Media = z.infer<typeof mediaSchema> & { sid: string }

/** The ids of a message's files follow from its own: a repeat of the message has the same ones. */
export function mediaSid(messageSid: string, index: number): string {
  return `ME${messageSid.slice(2, -2)}${String(index).padStart(2, '0')}`
}
