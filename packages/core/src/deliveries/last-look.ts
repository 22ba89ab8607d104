import type { Turn } from '@chatlane/lanes'
import type { OutgoingSms, SmsSender } from '../channels/twilio/send.ts'
import { SmsError } from '../channels/twilio/sms-error.ts'
import type { DeliveryItem } from '../conversations/items.ts'
import type { OptOuts } from '../conversations/opt-outs.ts'
import { type Forbidden, forbidden } from './permission.ts'

/** The least that must be left of the lease when a call begins. */
const LEAST_LEASE_MS = 1_000

/** A look at the opt-outs holds for so long: a request may wait for a connection when many are sent at once. */
const GOOD_FOR_MS = 1_000

/** The request waited so long that the look before it holds no more. Nothing was sent. */
class Outdated extends SmsError {
  constructor() {
    super('outdated', 'retry', 'the request waited too long for a connection')
  }
}

/**
 * Sends, unless the person has opted out by the time at which the request is about to be written: a STOP overtakes whatever
 * waits.
 * @returns Twilio's id, or why nothing was sent
 * @throws SmsError, LeaseLostError
 */
export async function sendUnlessOptedOut(
  {
    optOuts,
    sms,
    turn,
    item,
    message,
  }: { optOuts: OptOuts; sms: SmsSender; turn: Turn; item: DeliveryItem; message: string },
  outgoing: OutgoingSms,
): Promise<{ sid: string } | { forbidden: Forbidden }> {
  for (;;) {
    const reason = await forbidden({ optOuts, item, message })
    if (reason) return { forbidden: reason }
    const looked = performance.now()
    const begin = () => {
      turn.assertLease(LEAST_LEASE_MS)
      if (performance.now() - looked > GOOD_FOR_MS) throw new Outdated()
    }
    begin()
    try {
      return { sid: await sms.send(outgoing, begin) }
    } catch (error) {
      if (!(error instanceof Outdated)) throw error
    }
  }
}
