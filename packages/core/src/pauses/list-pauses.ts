import type { Lanes } from '@chatlane/lanes'
import type { Scope } from '../channels/twilio/code.ts'
import { codeOfReason, linkOfCode, titleOfCode } from '../channels/twilio/codes.ts'
import { reasonText } from '../conversations/reasons.ts'
import { type HeldSender, listHeldSenders } from '../deliveries/held-senders.ts'
import type { PauseReason } from '../upstream/gate.ts'
import { listProviderPauses, type Provider, type ProviderPause } from '../upstream/pause-notes.ts'

/** What waits for a while, why, and for whom. */
export interface PauseView {
  scope: Extract<Scope, 'sender' | 'account' | 'provider'>
  provider: Provider
  /** The sender that pauses; null: all that goes to the provider. */
  sender: string | null
  /** Its messages to numbers of this country only; null: all. */
  country: string | null
  /** `twilio_<code>`, or throttled, credentials, outage. */
  reason: string
  reason_text: string
  /** The page about the code, with Twilio's own words for it. */
  more: { title: string | null; url: string } | null
  since: string
  /** When the next try is made; null: when the provider answers, or something was mended. */
  until: string | null
  /** How many conversations have something that waits. */
  waiting: number
}

const TEXTS: Record<PauseReason, string> = {
  throttled: 'It asked for a pause.',
  credentials: 'It refuses our credentials: set valid ones.',
  outage: 'It fails again and again.',
}

/**
 * All pauses of a deployment, whichever process made them.
 * @param lanes by whom they wait for
 */
export async function listPauses(
  lanes: Readonly<Record<Provider, Lanes>>,
  prefix: string,
): Promise<{ items: PauseView[] }> {
  const redis = lanes.twilio.connection
  const [providers, senders] = await Promise.all([listProviderPauses(redis, prefix), listHeldSenders(redis, prefix)])
  const ofProviders = providers.map(async (pause) => providerView(pause, await waitingIn(lanes[pause.provider])))
  return { items: [...(await Promise.all(ofProviders)), ...senders.map(senderView)] }
}

function providerView({ provider, reason, since, until }: ProviderPause, waiting: number): PauseView {
  return {
    scope: reason === 'outage' || provider === 'webhooks' ? 'provider' : 'account',
    provider,
    sender: null,
    country: null,
    reason,
    reason_text: TEXTS[reason],
    more: null,
    since: new Date(since).toISOString(),
    until: until === undefined ? null : new Date(until).toISOString(),
    waiting,
  }
}

function senderView({ sender, country, reason, since, until, waiting }: HeldSender): PauseView {
  const { code } = codeOfReason(reason) ?? {}
  return {
    scope: 'sender',
    provider: 'twilio',
    sender,
    country: country ?? null,
    reason,
    reason_text: reasonText(reason) ?? reason,
    more: code === undefined ? null : { title: titleOfCode(code) ?? null, url: linkOfCode(code) },
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    waiting,
  }
}

/** Lanes with at least one item. */
async function waitingIn(lanes: Lanes): Promise<number> {
  const shards = Array.from({ length: lanes.shards }, (_, shard) => lanes.connection.hlen(lanes.shardKeys(shard).lanes))
  return (await Promise.all(shards)).reduce((sum, count) => sum + count, 0)
}
