import type { Conversation } from '@chatlane/core'
import { cloneConversations } from './clones.ts'
import { beginConversations, drained, write } from './filling.ts'
import type { Router } from './router.ts'

/** Conversations in which so many messages and as many answers were said, one after the other, through the router. */
export async function talkedConversations(router: Router, count: number, messages: number): Promise<Conversation[]> {
  const begun = await beginConversations(router, count)
  await drained(router)
  for (let said = 0; said < messages; said++) {
    await write(router, begun)
    await drained(router)
  }
  const now = await Promise.all(begun.map(({ id }) => router.conversations.find(id)))
  return now.flatMap((conversation) => {
    if (conversation?.chatId === undefined) throw new Error('expected a conversation with a chat')
    return [conversation]
  })
}

/** Made through the router, which warms the worker up, too; the others are copies of them. */
const REAL = 1_000

/** Conversations with a chat and one answered message, on every shard as many. */
export async function likeTalked(router: Router, count: number): Promise<Conversation[]> {
  const conversations = await talkedConversations(router, Math.min(count, REAL), 1)
  const likes = onePerShard(conversations)
  const share = Math.ceil((count - conversations.length) / likes.length)
  for (const like of likes) conversations.push(...(await cloneConversations(router.redis, router.prefix, like, share)))
  return conversations
}

function onePerShard(conversations: readonly Conversation[]): Conversation[] {
  return [...new Map(conversations.map((conversation) => [conversation.id.split('_')[0], conversation])).values()]
}
