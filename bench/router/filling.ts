import { setTimeout as passed } from 'node:timers/promises'
import type { Conversation } from '@chatlane/core'
import type { Router } from './router.ts'

/** Longer than any answer takes. */
const PATIENCE_MS = 120_000

/** Adds on their way at once. */
const AT_ONCE = 500

/** What a participant writes: 80 characters. */
export const TEXT = 'A message of eighty characters, as somebody writes it who has a question.'.padEnd(80, '.')

/** Begins conversations on the web; a worker then opens their chats. */
export async function beginConversations({ conversations }: Router, count: number): Promise<Conversation[]> {
  const begun: Conversation[] = []
  await inParallel(count, async () => {
    begun.push(await conversations.openWeb({ agentId: 'chat_agent_bench' }))
  })
  return begun
}

/** Takes in so many messages, one conversation after the other, round and round. */
export async function write(
  { conversations }: Router,
  to: readonly Conversation[],
  messages = to.length,
  text = TEXT,
): Promise<void> {
  await inParallel(messages, async (n) => {
    const conversation = to[n % to.length]
    if (!conversation) throw new Error('expected conversations to write to')
    const { status } = await conversations.accept(conversation, { text })
    if (status !== 'accepted') throw new Error(`expected a message to be accepted, it was ${status}`)
  })
}

/**
 * Resolves when nothing waits any more.
 * @throws Error when nothing gets on, or something was given up
 */
export async function drained(router: Router, everyMs = 50): Promise<void> {
  let before = 0
  for (let since = Date.now(); ; await passed(everyMs)) {
    const waiting = await router.lanesWithMail()
    if (waiting === 0) break
    if (waiting !== before) since = Date.now()
    before = waiting
    if (Date.now() - since > PATIENCE_MS) throw new Error(`${waiting} conversations wait and nothing gets on`)
  }
  const [given] = await router.lanes.deadLetters.list(1)
  if (given) throw new Error(`expected every message to be answered, ${given.lane} was given up: ${given.detail}`)
}

async function inParallel(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const hand = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, hand))
}
