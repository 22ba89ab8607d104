import type { IncomingMessage } from '../../conversations/incoming.ts'
import { type OptOuts, pairOf } from '../../conversations/opt-outs.ts'
import type { Origin } from '../../conversations/origin.ts'
import { addressOf } from '../../conversations/reply-address.ts'
import type { OptOutSettings } from '../../routing/routes.ts'
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
  { confirm, text }: OptOutSettings,
): Promise<Pick<IncomingMessage, 'dropped' | 'optOut' | 'reply'> | undefined> {
  const word = sms.optOut ?? wordOf(origin, sms)
  const pair = pairOf(addressOf(origin))
  const out = await optOuts.has(pair)
  if (word === 'stop') {
    const untold = confirm && !out && !twilioConfirms(origin, sms)
    return { dropped: 'stop', optOut: { to: 'out', ...pair }, ...(untold && { reply: text }) }
  }
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

/** The words on which Twilio blocks by itself, and says so. Only a message that is one of them and nothing else counts. */
const TWILIO_WORDS = /^\s*(?:stop|stopall|unsubscribe|cancel|end|quit|revoke|optout)\s*$/i

/**
 * Whether Twilio tells the person that they have opted out. A confirmation of ours that is sent beside it, because Twilio
 * heard the word as well, is refused there: the pair is blocked by then.
 * @see https://help.twilio.com/articles/223134027
 */
function twilioConfirms(
  origin: Origin,
  { text = '', wrote = text, optOut }: Pick<InboundSms, 'text' | 'wrote' | 'optOut'>,
) {
  if (optOut !== undefined) return true
  return origin.channel === 'sms' && twilioAnswers(origin) && TWILIO_WORDS.test(wrote)
}

function twilioAnswers({ channel, sender = '', messagingServiceSid }: Origin): boolean {
  return channel !== 'whatsapp' && (messagingServiceSid !== undefined || !SHORT_CODE.test(sender))
}
