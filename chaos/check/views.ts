import type { StatusCallbackEntry, TrueChat, TwilioEntry, UponaiEntry } from '@chatlane/sandbox'
import type { DeadLetterEvidence, Evidence, Person } from '../evidence.ts'
import { type TakenIn, takenIn } from './taken.ts'

/** A text that a person is known to have said to UponAI. */
export interface Said {
  text: string
  chatId: string
  at: number
}

/** All that there is of one person's conversation. */
export interface PersonView extends TakenIn {
  person: Person
  /** By the time of their beginning. */
  chats: TrueChat[]
  /** Over all chats, in order. */
  said: Said[]
  /** Asked for in any of the chats, in order of arrival. */
  completions: UponaiEntry[]
  /** What Twilio took for the person's address, in order. */
  sends: TwilioEntry[]
  /** What Twilio told of the messages to the person's address and was answered with a 2xx, in order. */
  told: StatusCallbackEntry[]
}

/** When Chatlane was told that a chat is over, ms; Infinity: never. */
export interface EndKnown {
  /** By the answer to its own end-chat. */
  byCall: number
  /** By the webhook, which it answered with a 2xx. */
  byWebhook: number
}

export interface Views {
  people: PersonView[]
  /** Chats by the conversation that their metadata names; undefined for those that name none. */
  chatsOf: Map<string | undefined, TrueChat[]>
  /** By conversation. */
  lettersOf: Map<string, DeadLetterEvidence[]>
  /** By chat, in order of arrival. */
  completionsOf: ReadonlyMap<string, UponaiEntry[]>
  /** By chat. */
  endKnown: Map<string, EndKnown>
  nameOf(chat: TrueChat): string
}

/** Reads the evidence once and puts together what belongs together. */
export function viewsOf({ people, chats, history, deadLetters }: Evidence): Views {
  const sorted = chats.toSorted((a, b) => a.started_at - b.started_at)
  const chatsOf = Map.groupBy(sorted, conversationOf)
  const lettersOf = Map.groupBy(deadLetters, ({ conversationId }) => conversationId)
  const names = new Map(people.map(({ conversationId, name }) => [conversationId, name]))
  const completionsOf = new Map<string, UponaiEntry[]>()
  const sendsTo = new Map<string, TwilioEntry[]>()
  const toldTo = new Map<string, StatusCallbackEntry[]>()
  const endKnown = new Map<string, EndKnown>()
  for (const entry of history) {
    if (entry.kind === 'uponai' && entry.operation === 'completion') append(completionsOf, entry.chat_id ?? '', entry)
    if (entry.kind === 'uponai' && entry.operation === 'end') noteEnd(endKnown, entry.chat_id ?? '', 'byCall', entry)
    if (entry.kind === 'webhook' && entry.event === 'chat_ended') noteEnd(endKnown, entry.chat_id, 'byWebhook', entry)
    if (entry.kind === 'twilio' && entry.operation === 'message-create' && entry.effect) {
      append(sendsTo, entry.to ?? '', entry)
    }
    if (entry.kind === 'status_callback' && isTaken(entry)) append(toldTo, entry.to, entry)
  }
  return {
    people: people.map((person) => {
      const mine = person.conversationId === undefined ? [] : (chatsOf.get(person.conversationId) ?? [])
      const letters = person.conversationId === undefined ? [] : (lettersOf.get(person.conversationId) ?? [])
      return {
        person,
        ...takenIn(
          person,
          letters.filter(({ kind }) => kind === 'message'),
        ),
        chats: mine,
        said: mine.flatMap(saidIn),
        completions: mine.flatMap(({ chat_id }) => completionsOf.get(chat_id) ?? []).toSorted((a, b) => a.seq - b.seq),
        sends: person.address === undefined ? [] : (sendsTo.get(person.address) ?? []),
        told: person.address === undefined ? [] : (toldTo.get(person.address) ?? []),
      }
    }),
    chatsOf,
    lettersOf,
    completionsOf,
    endKnown,
    nameOf: (chat) => names.get(conversationOf(chat) ?? '') ?? `unknown (chat ${chat.chat_id})`,
  }
}

function conversationOf({ metadata }: TrueChat): string | undefined {
  const id = metadata?.conversation_id
  return typeof id === 'string' ? id : undefined
}

function saidIn({ chat_id: chatId, messages }: TrueChat): Said[] {
  return messages.flatMap(({ role, content, created_timestamp: at }) =>
    role === 'user' ? [{ text: content ?? '', chatId, at }] : [],
  )
}

/** The other side got an answer, and it was a 2xx. */
function isTaken({ outcome, status }: { outcome: string; status: number | null }): boolean {
  return outcome === 'answered' && status !== null && status >= 200 && status <= 299
}

function noteEnd(
  ends: Map<string, EndKnown>,
  chatId: string,
  by: keyof EndKnown,
  entry: { outcome: string; status: number | null; answered_at: number | null },
): void {
  const { answered_at: at } = entry
  if (!isTaken(entry) || at === null) return
  const known = ends.get(chatId) ?? { byCall: Number.POSITIVE_INFINITY, byWebhook: Number.POSITIVE_INFINITY }
  ends.set(chatId, { ...known, [by]: Math.min(known[by], at) })
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key)
  if (list) list.push(item)
  else lists.set(key, [item])
}
