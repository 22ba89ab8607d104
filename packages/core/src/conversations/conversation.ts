import type { Effect } from '@chatlane/lanes'
import { z } from 'zod'
import { type ChatAnalysis, chatAnalysis } from './analysis.ts'
import { untoldOf } from './handoff-fields.ts'
import { type Joined, joinedSchema } from './joined.ts'
import { conversationKeys, KEPT_SECONDS } from './keys.ts'
import type { Origin } from './origin.ts'
import { linksOf, type ReplyAddress, replyOf } from './reply-address.ts'

/** One outside call whose outcome is not committed yet; written just before the call. */
export interface Attempt {
  /** The item it is for. */
  item: string
  kind: 'create' | 'completion'
  /** The chat, for a completion; a name of the attempt that the new chat carries in its metadata, for a create. */
  target: string
  /** When the call began, ms. */
  at: number
  /** How it ended without a clear outcome. Absent: it may still be going on, or its process died. */
  failed?: string
  /** The other side answered with a failure: it is not at it any more, however unclear what it did. */
  answered?: boolean
}

/** A long-lived thread with one participant. */
export interface Conversation extends Origin {
  id: string
  createdAt: number
  /** The later of the last accepted message and the last committed reply, ms. */
  lastActivityAt: number
  /** It is not the first chat that is made for it next. */
  hadChat?: boolean
  /** UponAI's chat that is open as far as we know. */
  chatId?: string
  /** A chat of which the other side said that it is over. */
  endedChatId?: string
  /** A chat that we began to end: it is over, or soon will be. */
  endingChatId?: string
  /** How many spoken entries the chat's history should have by what was returned. */
  knownLength: number
  /** How many it had when it was last seen, and the ledger's last entry then; empty: the one that opened the chat. */
  certain: { length: number; since: string }
  /** Bytes of the longer texts in the ledger's newer half, and where that begins, ms (absent: nothing was let go yet). */
  ledgerSize?: { bytes: number; half?: number }
  /** What the business said last to the person; the agent of the next chat gets to know it. */
  openingMessage?: string
  /** The item for which the agent greeted someone who had not written. */
  openedBy?: string
  /** Closed, with nothing accepted since. */
  closed: boolean
  /** What UponAI made of the newest of its chats that was analysed. */
  analysis?: ChatAnalysis
  attempt?: Attempt
  /** Attempts to make a chat of which no chat was found, oldest first. */
  lost: LostCreate[]
  /** Further addresses of the participant, whose messages come into this conversation. */
  links: ReplyAddress[]
  /** The linked address from which the participant wrote last; absent: the conversation's own. */
  reply?: ReplyAddress
  /** The conversation to which an address went that was this one's before; this one's own id: it came back. */
  movedTo?: string
  /** A message that is being handed on, and the conversation that it goes to. */
  handing?: { item: string; to: string }
  /** Messages that are said to the agent together. */
  joined?: Joined
  /** The first message that waits only waits for more. */
  gathers?: true
  /** What the worker knows of the exchange with the participant, see turns/loop.ts. */
  exchange?: string
  /** An operator has it, and the agent is silent: the ledger's last entry before that. */
  hand?: string
  /** The same of times that are over, of which the agent is to be told with the next message; the earliest first. */
  untold: string[]
}

/** An attempt's name and time, ms. */
export interface LostCreate {
  name: string
  at: number
}

/** Attempts that are remembered at most, the last ones. */
const MOST_LOST = 20

/** The attempts to make a chat of which no chat was found: those known before, and the one on record. */
export function withLost({ attempt, lost }: Pick<Conversation, 'attempt' | 'lost'>): LostCreate[] {
  if (attempt?.kind !== 'create') return lost
  return [...lost, { name: attempt.target, at: attempt.at }].slice(-MOST_LOST)
}

const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema)

const attemptKind = z.enum(['create', 'completion'])

const attempt = z.object({
  item: z.string(),
  kind: attemptKind,
  target: z.string(),
  at: z.number(),
  failed: z.string().optional(),
  answered: z.boolean().optional(),
})

const certain = z.string().transform((text) => {
  const [length, since = ''] = text.split(' ')
  return { length: Number(length), since }
})

/** Milliseconds that a `Date` can be made of. */
const time = z.coerce.number().min(0).max(8.64e15)

/**
 * The hash in Redis. Short names, and no value above 64 characters that need not be one: a million idle conversations are kept,
 * and a hash that once had a longer value takes more than twice the memory from then on.
 */
const record = z.object({
  ch: z.enum(['web', 'sms', 'whatsapp', 'rcs']),
  from: z.string(),
  to: z.string().optional(),
  service: z.string().optional(),
  own: z.string().optional(),
  asked: z.string().optional(),
  key: z.string().optional(),
  agent: z.string(),
  ver: json(z.union([z.number(), z.string(), z.null()])).optional(),
  meta: json(z.record(z.string(), z.unknown())).optional(),
  vars: json(z.record(z.string(), z.string())).optional(),
  theirs: json(z.array(z.string())).optional(),
  made: time,
  last: time,
  chat: z.string().optional(),
  over: z.string().optional(),
  ending: z.string().optional(),
  known: z.coerce.number().default(0),
  sure: certain.optional(),
  bytes: z.coerce.number().optional(),
  half: z.coerce.number().optional(),
  closed: z.string().optional(),
  analysis: json(chatAnalysis).optional(),
  attempt: z.string().optional(),
  target: z.string().default(''),
  lost: json(z.array(z.object({ name: z.string(), at: z.number() }))).default([]),
  reply: z.string().optional(),
  moved: z.string().optional(),
  handing: z.string().optional(),
  opening: z.string().optional(),
  opened: z.string().optional(),
  joined: json(joinedSchema).optional(),
  gathers: z.string().optional(),
  hand: z.string().optional(),
  pace: z.string().optional(),
})

const given = record.pick({ meta: true, vars: true })

/** What a conversation's chats begin with, see {@link givenOf}. */
export const GIVEN_FIELDS = ['meta', 'vars'] as const

/** @param values what Redis answered for {@link GIVEN_FIELDS} */
export function givenOf(values: readonly unknown[]): Pick<Conversation, 'metadata' | 'dynamicVariables'> {
  const [meta, vars] = values.map((value) => value ?? undefined)
  const it = given.parse({ meta, vars })
  return { ...(it.meta && { metadata: it.meta }), ...(it.vars && { dynamicVariables: it.vars }) }
}

/** Undefined for the empty hash that Redis gives for a key that is not there. */
export function parseConversation(id: string, hash: Record<string, string>): Conversation | undefined {
  if (hash.ch === undefined) return undefined
  const it = record.parse(hash)
  const reply = replyOf(it.reply)
  return {
    id,
    channel: it.ch,
    participant: it.from,
    agentId: it.agent,
    ...(it.ver !== undefined && it.ver !== null && { agentVersion: it.ver }),
    createdAt: it.made,
    lastActivityAt: it.last,
    knownLength: it.known,
    certain: it.sure ?? { length: 0, since: '' },
    closed: it.closed === '1',
    lost: it.lost,
    links: linksOf(hash),
    untold: untoldOf(hash),
    ...(it.to !== undefined && { sender: it.to }),
    ...(it.service !== undefined && { messagingServiceSid: it.service }),
    ...(it.own && { ownLine: true }),
    ...(it.asked && { agentAsked: true }),
    ...(it.key !== undefined && { publicKey: it.key }),
    ...(it.meta && { metadata: it.meta }),
    ...(it.vars && { dynamicVariables: it.vars }),
    ...(it.theirs && { browserVariables: it.theirs }),
    ...(it.chat !== undefined && { hadChat: true }),
    ...(it.chat && { chatId: it.chat }),
    ...(it.over && { endedChatId: it.over }),
    ...(it.ending && { endingChatId: it.ending }),
    ...(it.attempt && { attempt: parseAttempt(it.attempt, it.target) }),
    ...(it.analysis && { analysis: it.analysis }),
    ...(reply && { reply }),
    ...(it.moved && { movedTo: it.moved }),
    ...(it.handing && { handing: parseHanding(it.handing) }),
    ...(it.opening && { openingMessage: it.opening }),
    ...(it.opened && { openedBy: it.opened }),
    ...(it.joined && { joined: it.joined }),
    ...(it.hand && { hand: it.hand }),
    ...(it.pace && { exchange: it.pace }),
    ...(it.gathers && { gathers: true }),
    ...(it.bytes !== undefined && { ledgerSize: { bytes: it.bytes, ...(it.half !== undefined && { half: it.half }) } }),
  }
}

function parseHanding(text: string): NonNullable<Conversation['handing']> {
  const [item = '', to = ''] = text.split(' ')
  return { item, to }
}

/** An attempt is in two short fields; one that ended without a clear outcome, which is rare, in one as JSON. */
function attemptFields(attempt: Attempt): string[] {
  const { kind, at, item, target, failed } = attempt
  if (failed !== undefined) return ['attempt', JSON.stringify(attempt)]
  return ['attempt', `${kind} ${at} ${item}`, 'target', target]
}

function parseAttempt(text: string, target: string): Attempt {
  if (text.startsWith('{')) return fromAttempt(attempt.parse(JSON.parse(text)))
  const [kind, at, ...item] = text.split(' ')
  return { kind: attemptKind.parse(kind), at: Number(at), item: item.join(' '), target }
}

function fromAttempt({ failed, answered, ...rest }: z.infer<typeof attempt>): Attempt {
  return { ...rest, ...(failed !== undefined && { failed }), ...(answered !== undefined && { answered }) }
}

/**
 * The writes that begin a conversation; harmless when it is there already.
 * @param keptSeconds until something is said, and it is listed; absent: it is kept and listed like any other
 */
export function beginEffects(prefix: string, id: string, origin: Origin, now: number, keptSeconds?: number): Effect[] {
  const keys = conversationKeys(prefix, id)
  const fields: [string, string | number | undefined][] = [
    ['ch', origin.channel],
    ['from', origin.participant],
    ['to', origin.sender],
    ['service', origin.messagingServiceSid],
    ['key', origin.publicKey],
    ['agent', origin.agentId],
    ['ver', origin.agentVersion === undefined ? undefined : JSON.stringify(origin.agentVersion)],
    ['own', origin.ownLine ? 1 : undefined],
    ['asked', origin.agentAsked ? 1 : undefined],
    ['meta', origin.metadata && JSON.stringify(origin.metadata)],
    ['vars', origin.dynamicVariables && JSON.stringify(origin.dynamicVariables)],
    ['theirs', origin.browserVariables && JSON.stringify(origin.browserVariables)],
    ['made', now],
    ['last', now],
  ]
  return [
    ...fields.flatMap(([name, value]): Effect[] => (value === undefined ? [] : [['HSETNX', keys.record, name, value]])),
    ...(keptSeconds === undefined ? keepEffects(prefix, id, now) : [['EXPIRE', keys.record, keptSeconds] as const]),
    ['ZREMRANGEBYSCORE', keys.index, '-inf', now - KEPT_SECONDS * 1000],
  ]
}

/** The writes that begin a conversation's time to live anew. */
export function keepEffects(prefix: string, id: string, now: number): Effect[] {
  const keys = conversationKeys(prefix, id)
  return [['EXPIRE', keys.record, KEPT_SECONDS], ['EXPIRE', keys.ledger, KEPT_SECONDS], activityEffect(prefix, id, now)]
}

/** The write that gives a conversation its place among the others, by its last activity. */
export function activityEffect(prefix: string, id: string, now: number): Effect {
  return ['ZADD', conversationKeys(prefix, id).index, now, id]
}

export type Change = Partial<
  Record<
    | 'last'
    | 'agent'
    | 'ver'
    | 'ch'
    | 'from'
    | 'to'
    | 'service'
    | 'own'
    | 'chat'
    | 'over'
    | 'ending'
    | 'known'
    | 'closed'
    | 'reply'
    | 'opening'
    | 'opened'
    | 'asked'
    | 'meta'
    | 'vars'
    | 'gathers'
    | 'pace',
    string | number
  > & {
    attempt: Attempt | null
    certain: Conversation['certain']
    lost: LostCreate[]
    joined: Joined | null
  }
>

/** The write that changes fields of a conversation. */
export function changeEffects(
  prefix: string,
  id: string,
  { attempt, certain, lost, joined, ...change }: Change,
): Effect[] {
  const { record } = conversationKeys(prefix, id)
  const fields = Object.entries(change).flat()
  if (lost && lost.length > 0) fields.push('lost', JSON.stringify(lost))
  if (certain) fields.push('sure', `${certain.length} ${certain.since}`)
  if (attempt) fields.push(...attemptFields(attempt))
  if (joined) fields.push('joined', JSON.stringify(joined))
  const effects: Effect[] = fields.length > 0 ? [['HSET', record, ...fields]] : []
  if (attempt === null) effects.push(['HDEL', record, 'attempt', 'target'])
  if (lost?.length === 0) effects.push(['HDEL', record, 'lost'])
  if (joined === null) effects.push(['HDEL', record, 'joined'])
  return effects
}
