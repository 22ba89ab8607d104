import { setTimeout as passed } from 'node:timers/promises'
import { type Conversation, conversationKeys } from '@chatlane/core'
import { field } from '../redis/info.ts'
import { bytesOf } from './clones.ts'
import type { Router } from './router.ts'
import { median } from './samples.ts'

/** Client buffers and the like settle within that time, ms. */
const SETTLING_MS = 2_000
/** Members of a sorted set that are looked at. */
const SAMPLES = 1_000

/** Bytes of an idle conversation by kind of key, as `MEMORY USAGE` tells them. */
export interface ByKind {
  record: number
  ledger: number
  closing: number
  index: number
}

/** All memory that Redis uses, once it is at rest. */
export async function usedMemory({ redis }: Router): Promise<number> {
  await passed(SETTLING_MS)
  return field(await redis.info('memory'), 'used_memory')
}

export async function bytesByKind({ redis, prefix }: Router, some: readonly Conversation[]): Promise<ByKind> {
  const keys = some.map(({ id }) => conversationKeys(prefix, id))
  const [first] = keys
  if (!first) throw new Error('expected conversations to look at')
  const records = await Promise.all(keys.map(({ record }) => bytesOf(redis, record)))
  const ledgers = await Promise.all(keys.map(({ ledger }) => bytesOf(redis, ledger)))
  const perMember = async (key: string) =>
    Number(await redis.memory('USAGE', key, 'SAMPLES', SAMPLES)) / (await redis.zcard(key))
  return {
    record: median(records),
    ledger: median(ledgers),
    closing: await perMember(first.closing),
    index: await perMember(first.index),
  }
}

/** What the mark takes by which a repeat of a message with a sender's id is known, for a day. */
export async function bytesOfSeenMark(
  { redis, conversations, lanes }: Router,
  conversation: Conversation,
): Promise<number> {
  const key = '550e8400-e29b-41d4-a716-446655440000'
  await conversations.accept(conversation, { text: 'A message with a key.', key })
  const stem = lanes.stemOf(lanes.shardOf(conversation.id))
  return bytesOf(redis, `${stem}seen:${conversation.id.length}:${conversation.id}:${key}`)
}
