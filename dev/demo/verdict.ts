import type { HistoryEntry, SandboxClient, TrueChat } from '@chatlane/sandbox'
import { chen, dora, emil, gus, type Person, people } from './cast.ts'
import type { Journal } from './journal.ts'
import { closingText } from './routes.ts'

export interface Finding {
  what: string
  expected: number
  found: number
  /** Left out: exactly as many as expected. */
  atLeast?: boolean
}

export function isKept({ expected, found, atLeast }: Finding): boolean {
  return atLeast ? found >= expected : found === expected
}

/** Counts what was promised, in the sandbox's true history and not in what Chatlane says of itself. */
export async function findings(sandbox: SandboxClient, journal: Journal): Promise<Finding[]> {
  const chats = (await sandbox.chats()).sort((a, b) => a.started_at - b.started_at)
  const history = await sandbox.history()
  const written = people.flatMap(({ lines }) => lines)
  const said = people.map((person) => saidBy(person, chats))
  const web = people.filter(({ channel }) => channel === 'web')
  const sms = people.filter(({ channel }) => channel === 'sms')
  const answers = (some: readonly Person[]) => some.reduce((sum, { lines }) => sum + lines.length, 0)
  return [
    { what: 'messages written', expected: written.length, found: count(journal, 'writes') },
    { what: 'of these in UponAI’s chats', expected: written.length, found: sum(said, (it) => new Set(it).size) },
    { what: 'there twice', expected: 0, found: sum(said, (it) => it.length - new Set(it).size) },
    { what: 'there out of order', expected: 0, found: sum(people, (person) => outOfOrder(person, chats)) },
    {
      what: 'completions at once in one chat, at most',
      expected: 1,
      found: Math.max(...chats.map(({ max_in_flight, max_working }) => Math.max(max_in_flight, max_working))),
    },
    {
      what: 'answers on the web, in order',
      expected: answers(web),
      found: sum(web, (it) => heardInOrder(it, journal)),
    },
    {
      what: 'answers by SMS delivered, in order',
      expected: answers(sms),
      found: sum(sms, (it) => texted(it, history)),
    },
    {
      what: 'texts that nobody expects',
      expected: 0,
      found: sum(people, (person) => unexpected(person, journal, closedChats(chats))),
    },
    { what: 'chats closed because nothing came', expected: 1, found: closedChats(chats), atLeast: true },
    { what: 'closing texts delivered by SMS', expected: closedChats(chats), found: closingTexts(history) },
    { what: 'chats opened: one each, and one more after a closing', expected: people.length + 1, found: chats.length },
    { what: 'failures of UponAI injected', expected: 2, found: failures(history) },
    { what: 'times UponAI was asked for Dora: 429, so once more', expected: 2, found: asked(history, dora) },
    { what: '… for Chen: 500, but it had the text already', expected: 1, found: asked(history, chen) },
    { what: '… for Gus: the worker was killed meanwhile', expected: 1, found: asked(history, gus) },
    { what: 'workers killed with -9', expected: 1, found: count(journal, 'dies') },
    {
      what: 'answers for others while Emil’s slow one was made',
      expected: 8,
      found: meanwhile(journal),
      atLeast: true,
    },
  ]
}

/** Somebody's texts as UponAI has them, over all chats. */
function saidBy({ lines }: Person, chats: readonly TrueChat[]): string[] {
  const own = new Set(lines.map(({ text }) => text))
  return chats.flatMap(({ messages }) =>
    messages.flatMap(({ role, content }) =>
      role === 'user' && content !== undefined && own.has(content) ? content : [],
    ),
  )
}

/** Texts that stand behind one that was written later. */
function outOfOrder(person: Person, chats: readonly TrueChat[]): number {
  const places = saidBy(person, chats).map((text) => person.lines.findIndex((line) => line.text === text))
  return places.filter((place, i) => places.slice(0, i).some((earlier) => earlier > place)).length
}

/** Answers that came in their place. */
function heardInOrder({ name, lines }: Person, journal: Journal): number {
  return inPlace(
    lines.map(({ answer }) => answer),
    journal.heardBy(name),
  )
}

/** Answers that Twilio took in their place and reported as delivered. */
function texted({ number, lines }: Person, history: readonly HistoryEntry[]): number {
  const delivered = deliveredSids(history)
  const texts = history.flatMap((entry) => {
    if (entry.kind !== 'twilio' || !entry.effect || entry.to !== number || entry.body === closingText) return []
    return entry.sid !== null && delivered.has(entry.sid) ? (entry.body ?? '') : []
  })
  return inPlace(
    lines.map(({ answer }) => answer),
    texts,
  )
}

function inPlace(expected: readonly string[], found: readonly string[]): number {
  return expected.filter((text, i) => found[i] === text).length
}

function unexpected({ name, lines }: Person, journal: Journal, closings: number): number {
  const left = journal.heardBy(name)
  const expected = [...lines.map(({ answer }) => answer), ...Array<string>(closings).fill(closingText)]
  for (const text of expected) {
    const place = left.indexOf(text)
    if (place >= 0) left.splice(place, 1)
  }
  return left.length
}

/** Chats that Chatlane closed. */
export function closedChats(chats: readonly TrueChat[]): number {
  return chats.filter(({ ended_by }) => ended_by === 'api').length
}

export function closingTexts(history: readonly HistoryEntry[]): number {
  const delivered = deliveredSids(history)
  return history.filter((it) => it.kind === 'twilio' && it.body === closingText && delivered.has(it.sid ?? '')).length
}

function deliveredSids(history: readonly HistoryEntry[]): Set<string> {
  const reports = history.flatMap((entry) => (entry.kind === 'status_callback' ? entry : []))
  return new Set(
    reports.filter((it) => it.message_status === 'delivered' && it.status === 204).map((it) => it.message_sid),
  )
}

function failures(history: readonly HistoryEntry[]): number {
  return history.filter((it) => it.kind === 'uponai' && it.fault?.kind === 'status').length
}

/** How often UponAI was asked for somebody's first message. */
function asked(history: readonly HistoryEntry[], { lines }: Person): number {
  return history.filter((it) => it.kind === 'uponai' && it.content === lines[0]?.text).length
}

function meanwhile({ happenings }: Journal): number {
  const from = happenings.findIndex(({ who, kind }) => who === emil.name && kind === 'writes')
  const to = happenings.findIndex(({ who, kind }) => who === emil.name && kind === 'hears')
  return happenings.slice(from, to).filter(({ kind }) => kind === 'hears').length
}

function count({ happenings }: Journal, kind: string): number {
  return happenings.filter((it) => it.kind === kind).length
}

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0)
}
