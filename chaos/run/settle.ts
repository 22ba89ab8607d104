import { setTimeout as passed } from 'node:timers/promises'
import { z } from 'zod'
import type { DeadLetterEvidence, LedgerEvidence } from '../evidence.ts'
import type { ApiClient } from '../load/doors.ts'

const conversation = z.object({
  conversation_id: z.string(),
  participant: z.string(),
  chat_id: z.string().nullable(),
  status: z.enum(['open', 'closed']),
  pending: z.int(),
})
const conversationPage = z.object({ items: z.array(conversation), next: z.string().nullable() })
const ledgerItem = z.object({
  id: z.string(),
  role: z.enum(['user', 'agent', 'system']),
  text: z.string(),
  status: z.string(),
  reason: z.string().optional(),
})
const ledgerPage = z.object({ items: z.array(ledgerItem), next: z.string().nullable() })
const deadLetters = z.object({
  items: z.array(
    z.object({
      conversation_id: z.string(),
      kind: z.string(),
      message_id: z.string().nullable(),
      text: z.string().nullable(),
      reason: z.string(),
    }),
  ),
  // Versions without pages gave all there are.
  next: z.string().nullish(),
})

export type Listed = z.infer<typeof conversation>

const lookEveryMs = 2_000
const triesPerCall = 20

/** Without anything getting done for so long, it is not worth waiting: longer than the pause between two tries of a turn. */
const standstillMs = 150_000
const mostMs = 900_000

/**
 * Waits until nothing is in progress any more: no message waits, no chat is open. Gives up when nothing gets done any more;
 * what is open then is for the comparison to find.
 */
export async function untilSettled(api: ApiClient, onWaiting: (open: number, pending: number) => void): Promise<void> {
  const began = Date.now()
  let least = Number.POSITIVE_INFINITY
  let leastAt = began
  for (;;) {
    const all = await conversations(api)
    const open = all.filter(isUnsettled)
    const pending = sumOfPending(open)
    if (open.length + pending < least) {
      least = open.length + pending
      leastAt = Date.now()
    }
    if (open.length === 0 || Date.now() - leastAt > standstillMs || Date.now() - began > mostMs) return
    onWaiting(open.length, pending)
    await passed(lookEveryMs)
  }
}

/** One that nobody ever wrote in has no chat, and nothing to close. */
function isUnsettled({ pending, status, chat_id }: Listed): boolean {
  return pending > 0 || (status === 'open' && chat_id !== null)
}

/** What is not settled and is nobody's, in words: the comparison looks at those of known people only. */
export function unsettledOfNobody(listed: readonly Listed[], known: ReadonlySet<string | undefined>): string[] {
  const left = listed.filter((one) => isUnsettled(one) && !known.has(one.conversation_id))
  return left.map(({ conversation_id, status, pending, chat_id }) => {
    const seen = `${status}, ${pending} waiting, ${chat_id === null ? 'no chat' : `chat ${chat_id}`}`
    return `conversation ${conversation_id}, nobody's: expected nothing waiting and no open chat, got ${seen}`
  })
}

/** Messages that wait in conversations with an open chat; undefined when nobody can tell just now. */
export async function unanswered(api: ApiClient): Promise<number | undefined> {
  let sum = 0
  for (let cursor = ''; ; ) {
    const { body } = await api.call('GET', `/v1/conversations?status=open&limit=200${cursor}`)
    const page = conversationPage.safeParse(body).data
    if (!page) return undefined
    sum += sumOfPending(page.items)
    if (page.next === null) return sum
    cursor = `&cursor=${page.next}`
  }
}

function sumOfPending(listed: readonly Listed[]): number {
  return listed.reduce((sum, { pending }) => sum + pending, 0)
}

/** All there are. */
export async function conversations(api: ApiClient): Promise<Listed[]> {
  const all: Listed[] = []
  for (let cursor = ''; ; ) {
    const page = conversationPage.parse(await get(api, `/v1/conversations?limit=200${cursor}`))
    all.push(...page.items)
    if (page.next === null) return all
    cursor = `&cursor=${page.next}`
  }
}

/** A conversation's ledger. */
export async function ledgerOf(api: ApiClient, id: string): Promise<LedgerEvidence[]> {
  const all: LedgerEvidence[] = []
  for (let after = '0'; ; ) {
    const page = ledgerPage.parse(await get(api, `/v1/conversations/${id}/messages?limit=1000&after=${after}`))
    for (const { reason, ...item } of page.items) all.push({ ...item, ...(reason !== undefined && { reason }) })
    if (page.next === null) return all
    after = page.next
  }
}

/** Of a message to a phone: nobody has said yet what became of it. */
export function isOnItsWay({ role, status }: LedgerEvidence): boolean {
  return role !== 'user' && status === 'queued'
}

export async function allDeadLetters(api: ApiClient): Promise<DeadLetterEvidence[]> {
  const all: DeadLetterEvidence[] = []
  for (let cursor = ''; ; ) {
    const page = deadLetters.parse(await get(api, `/v1/dead-letters?limit=1000${cursor}`))
    for (const { conversation_id: conversationId, kind, message_id: messageId, text, reason } of page.items) {
      all.push({
        conversationId,
        kind,
        ...(messageId !== null && { messageId }),
        ...(text !== null && { text }),
        reason,
      })
    }
    if (!page.next) return all
    cursor = `&cursor=${encodeURIComponent(page.next)}`
  }
}

/** Everything is mended by now, but a process may still be starting. */
async function get(api: ApiClient, path: string): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    const { status, body } = await api.call('GET', path)
    if (status === 200) return body
    if (tries === triesPerCall) throw new Error(`GET ${path}: expected 200, got ${status ?? 'no answer'}`)
    await passed(500)
  }
}
