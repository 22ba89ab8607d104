import type { Conversation } from '@chatlane/core'
import type { Router } from './router.ts'

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

/** Resolves when nothing waits any more. */
export async function drained(router: Router, everyMs = 50): Promise<void> {
  while ((await router.lanesWithMail()) > 0) await new Promise((resolve) => setTimeout(resolve, everyMs))
}

async function inParallel(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const hand = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, hand))
}
