import { randomBytes } from 'node:crypto'
import { shardTag } from '@chatlane/lanes'

/** How long an idle conversation is kept: 90 days. Every message that is accepted, and every one of ours that nobody asked for, begins the time anew. */
export const KEPT_SECONDS = 90 * 24 * 3600

/**
 * The same of one that a visitor began and in which they said nothing: 12 hours, or until its chat is closed. Anybody can begin as many
 * as the limits allow.
 */
export const EMPTY_KEPT_SECONDS = 12 * 3600

/**
 * A conversation's id is `c<shard>_<random>`: the shard is part of it, so that the number of shards can change under running
 * conversations, and the rest cannot be guessed.
 */
export function newConversationId(shards: number): string {
  const shard = Math.floor(Math.random() * shards)
  return `c${shard}_${randomBytes(16).toString('base64url')}`
}

const CONVERSATION_ID = /^c(\d{1,4})_[\w-]{22}$/

/** True for a text that has the form of a conversation id. */
export function isConversationId(text: string): boolean {
  return CONVERSATION_ID.test(text)
}

/** @throws RangeError for a text that is no conversation id */
export function shardOfConversation(id: string): number {
  const shard = CONVERSATION_ID.exec(id)?.[1]
  if (shard === undefined)
    throw new RangeError(`expected a conversation id, got ${id.length} characters of something else`)
  return Number(shard)
}

/** The keys of one shard; the braces are the hash tag that they share with the shard's lanes. */
export function shardKeys(prefix: string, shard: number) {
  const tag = shardTag(prefix, shard)
  return {
    /** Sorted set: open chats by the time at which they close, ms. */
    closing: `${tag}:closing`,
    /** Sorted set: conversations whose closing is in their lane, by when it was put there, ms. */
    closings: `${tag}:closings`,
    /** Sorted set: conversations by the time of their last activity, ms. */
    index: `${tag}:conversations`,
    /** Channel: the id of a conversation whose ledger grew; `typing <id>` while its agent is at work. */
    live: `${tag}:live`,
    /** Begins the keys that mark what a provider told us of our messages. */
    told: `${tag}:told:`,
    /** Begins the keys that mark what was done once. */
    once: `${tag}:once:`,
  }
}

export function conversationKeys(prefix: string, id: string) {
  const shard = shardOfConversation(id)
  const tag = shardTag(prefix, shard)
  return {
    ...shardKeys(prefix, shard),
    record: `${tag}:conversation:${id}`,
    ledger: `${tag}:ledger:${id}`,
    /** Counts the messages with files that were told what we make of files. */
    files: `${tag}:files:${id}`,
  }
}
