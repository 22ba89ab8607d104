import type { Item, Verdict } from '@chatlane/lanes'
import type { Change } from '../conversations/conversation.ts'
import { conversationItem, type MessageItem } from '../conversations/items.ts'
import type { Joined } from '../conversations/joined.ts'
import { timeOfEntry } from '../conversations/ledger.ts'
import { readLedger } from '../conversations/read-ledger.ts'
import { nameOf } from '../conversations/reply-address.ts'
import type { Coalesce } from '../routing/routes.ts'
import { accountOf } from './account.ts'
import { change, type TurnContext } from './context.ts'
import { sayableHere } from './hand-on.ts'

/** Of one group at most: messages, and characters of their texts. */
const MOST_MESSAGES = 20
const MOST_CHARACTERS = 8_000

/**
 * Pause between two looks for what came meanwhile, ms: a part of the window, and not too long or too often. Whoever asks for an
 * end hurries the lane, and may do so just before it begins to wait.
 */
const LOOK_AGAIN = { partOfWindow: 0.1, least: 500, most: 5_000 }

/** Why a message waits that was not tried yet. */
export const MORE_MAY_COME = 'more messages may come'

/** What is on record of what is said in this message's turn; undefined: nothing, or it is settled. */
export function groupOf({ conversation: { joined }, item }: TurnContext): Joined | undefined {
  return joined?.head === item && joined.end === undefined ? joined : undefined
}

/** What becomes of a message that was said together with one before it: the same as of that one, without a word. */
export function follow(context: TurnContext): Verdict | undefined {
  const end = sharedEnd(context)
  if (end === undefined) return undefined
  if (end === 'answered') return { do: 'commit', effects: change(context, afterwards(context, end)) }
  return { do: 'bury', ...end }
}

/** How the message ended with which this one was said; undefined when it is its own turn that decides. */
export function sharedEnd({ conversation: { joined }, item }: TurnContext): Joined['end'] {
  return joined?.others.includes(item) ? joined.end : undefined
}

/**
 * What the record says of the group when this message leaves its lane. Each leaves it on its own, so that one which comes
 * back as a replayed dead letter is a message like any other.
 */
export function afterwards({ conversation: { joined }, item }: TurnContext, end: Joined['end']): Change {
  if (!joined) return {}
  if (joined.head === item) {
    const { head, others } = joined
    return { joined: others.length > 0 && end !== undefined ? { head, others, end } : null }
  }
  const others = joined.others.filter((other) => other !== item)
  if (others.length === joined.others.length) return {}
  return { joined: others.length > 0 ? { ...joined, others } : null }
}

/**
 * Decides what is said in the turn of a message, and has it on record before anything is: with the messages behind it, once
 * nobody is writing any more, and with an account of what an operator said meanwhile. Further tries say the same.
 */
export async function gather(
  context: TurnContext,
  message: MessageItem,
): Promise<{ text: string } | { verdict: Verdict }> {
  const { conversation, item, settings, turn } = context
  const { windowMs } = settings.coalesce
  const { text } = message
  const waits = windowMs > 0 ? await look(context, message) : { ids: [item], texts: [text], forMs: 0 }
  if (waits.forMs > 0) {
    const { partOfWindow, least, most } = LOOK_AGAIN
    const afterMs = Math.min(waits.forMs, Math.max(least, Math.min(most, partOfWindow * windowMs)))
    const effects = conversation.gathers ? [] : change(context, { gathers: '1' })
    return { verdict: { do: 'retry', afterMs, spend: false, detail: MORE_MAY_COME, effects } }
  }
  if (windowMs === 0 && conversation.untold.length === 0) {
    // Messages of this route were gathered until just now.
    if (conversation.gathers) await turn.record(change(context, { gathers: '' }))
    return { text }
  }
  return { text: await putOnRecord(context, waits.ids, waits.texts) }
}

/**
 * After UponAI refused a group as a whole: its first message is to be said alone, so that only what is refused itself is given
 * up. What is behind it is gathered anew in its own turn. Undefined when there was no group.
 */
export async function headAlone(context: TurnContext, { text }: MessageItem): Promise<string | undefined> {
  const { item } = context
  const others = groupOf(context)?.others ?? []
  return others.length === 0 ? undefined : putOnRecord(context, [item], [text])
}

/** Gives what is to be said. */
async function putOnRecord(context: TurnContext, ids: readonly string[], texts: readonly string[]): Promise<string> {
  const { conversation, item, turn } = context
  const { untold, gathers } = conversation
  const account = await untoldAccount(context)
  const said = [...(account === undefined ? [] : [account]), ...texts].join('\n')
  const joined: Joined = {
    head: item,
    others: ids.slice(1),
    ...(said !== texts[0] && { text: said }),
    ...(untold.length > 0 && { accounts: untold }),
  }
  // No attempt at anything else is on record any more.
  await turn.record(change(context, { joined, attempt: null, ...(gathers && { gathers: '' }) }))
  conversation.joined = joined
  return said
}

interface Waiting {
  ids: string[]
  texts: string[]
  /** For how long more may come, ms; 0: it is time. */
  forMs: number
}

/** The messages that wait one behind the other, from this one on. */
async function look(context: TurnContext, message: MessageItem): Promise<Waiting> {
  const { conversation, item, lanes, redis, settings } = context
  // Entries' times are of Redis' clock.
  const [items, clock] = await Promise.all([lanes.peek(conversation.id, MOST_MESSAGES + 1), redis.time()])
  // Where another run has the lane by now, nothing that is made of this can be recorded.
  const behind = items[0]?.id === item ? await sayableHere(context, items.slice(1)) : []
  const [seconds = 0, micros = 0] = clock.map(Number)
  const { ids, texts, complete } = groupFrom({ ...message, id: item }, behind)
  return { ids, texts, forMs: complete ? 0 : leftMs(ids, seconds * 1_000 + micros / 1_000, settings.coalesce) }
}

/** @returns complete when nothing that may still come can belong to it */
function groupFrom(head: MessageItem & { id: string }, behind: readonly Item[]) {
  const ids = [head.id]
  const texts = [head.text]
  let { length } = head.text
  for (const { id, data } of behind) {
    const work = conversationItem.safeParse(JSON.parse(data)).data
    // A deadline that the answer will set anew says nothing of what may still come.
    if (work?.kind === 'close') continue
    if (work?.kind !== 'message' || wayOf(work) !== wayOf(head)) return { ids, texts, complete: true }
    length += 1 + work.text.length
    if (ids.length === MOST_MESSAGES || length > MOST_CHARACTERS) return { ids, texts, complete: true }
    ids.push(id)
    texts.push(work.text)
  }
  return { ids, texts, complete: ids.length === MOST_MESSAGES || length >= MOST_CHARACTERS }
}

/**
 * What is on its way to another conversation, or from someone who wants no messages, is not said together with what is not;
 * and what was sent to another of our numbers is answered from there.
 */
function wayOf({ via, sender }: MessageItem): string | undefined {
  return via ? nameOf(via) : sender
}

/**
 * A dead letter that was replayed has the time at which it was accepted, long ago: at the head it is not kept waiting, and
 * behind it is not taken for the newest.
 */
function leftMs(ids: readonly string[], now: number, { windowMs, maxWaitMs }: Coalesce): number {
  // However wrong a clock was set: a time to come is no reason to wait until it has come.
  const ages = ids.map((id) => Math.abs(now - timeOfEntry(id).getTime()))
  return Math.max(0, Math.min(windowMs - Math.min(...ages), maxWaitMs - (ages[0] ?? 0)))
}

async function untoldAccount({ conversation, redis, prefix }: TurnContext): Promise<string | undefined> {
  const { id, untold } = conversation
  return untold.length === 0 ? undefined : accountOf(await readLedger(redis, prefix, id), untold)
}
