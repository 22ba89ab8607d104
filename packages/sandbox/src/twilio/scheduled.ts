import type { Carrier } from './carrier.ts'
import type { Failure } from './delivery-failures.ts'
import type { Message } from './messages.ts'
import { followMessage } from './status-callbacks.ts'

/** How often the clock is looked at, which the settings can move, ms. */
const LOOK_EVERY_MS = 1_000

export interface Scheduled {
  /** By Twilio's clock, ms. */
  sendAt: number
  statusCallback: string | null
  failure: Failure | undefined
}

/** Sends a scheduled message when its time has come, unless it was cancelled before. Later opt-outs do not stop it. */
export async function followScheduled(
  carrier: Carrier,
  message: Message,
  { sendAt, statusCallback, failure }: Scheduled,
): Promise<void> {
  for (;;) {
    const left = sendAt - carrier.messages.now()
    if (left <= 0) break
    if (!(await carrier.waits.pause(Math.min(left, LOOK_EVERY_MS)))) return
  }
  if (message.status !== 'scheduled') return
  message.status = 'accepted'
  await followMessage(carrier, message, statusCallback, { waitMs: 0, failure })
}
