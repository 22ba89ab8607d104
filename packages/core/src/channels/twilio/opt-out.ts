import type { IncomingMessage } from '../../conversations/incoming.ts'
import { type OptOuts, pairOf } from '../../conversations/opt-outs.ts'
import type { Origin } from '../../conversations/origin.ts'
import { addressOf } from '../../conversations/reply-address.ts'
import type { InboundSms } from './inbound.ts'
import { hear } from './opt-out-words.ts'

/** A short code; Twilio does nothing about STOP, START and HELP there unless it is in a Messaging Service. */
const SHORT_CODE = /^\d{3,8}$/

/**
 * What a message means for what we may send to its person; undefined for one that is the agent's to answer. STOP always
 * counts, START (and YES above all) only where there is an opt-out to lift, HELP where Twilio answers it.
 */
export async function heardOptOut(
  optOuts: OptOuts,
  origin: Origin,
  sms: Pick<InboundSms, 'text' | 'wrote' | 'tapped' | 'optOut'>,
): Promise<Pick<IncomingMessage, 'dropped' | 'optOut'> | undefined> {
  const word = sms.optOut ?? wordOf(origin, sms)
  const pair = pairOf(addressOf(origin))
  if (word === 'stop') return { dropped: 'stop', optOut: { to: 'out', ...pair } }
  const out = await optOuts.has(pair)
  if (out && word === 'start') return { dropped: 'start', optOut: { to: 'in', ...pair } }
  if (word === 'help' && (sms.optOut !== undefined || twilioAnswers(origin))) return { dropped: 'help' }
  return out ? { dropped: 'opted_out' } : undefined
}

/**
 * A button that says "Cancel" is our own offer, and tapped as an answer to it. Where Twilio takes it for its keyword
 * nevertheless and blocks, it counts.
 */
function wordOf(origin: Origin, { text = '', wrote = text, tapped }: Pick<InboundSms, 'text' | 'wrote' | 'tapped'>) {
  const heard = hear(wrote)
  if (heard?.alone && tapped && origin.channel === 'whatsapp') return undefined
  return heard?.word
}

function twilioAnswers({ channel, sender = '', messagingServiceSid }: Origin): boolean {
  return channel !== 'whatsapp' && (messagingServiceSid !== undefined || !SHORT_CODE.test(sender))
}
