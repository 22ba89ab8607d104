import type { Effect } from '@chatlane/lanes'
import { carriedChannelOf } from '../channels/channels.ts'
import { conversationKeys } from './keys.ts'

/** The write that notes when the person wrote, where that decides what may be sent to them. */
export function wroteEffects(prefix: string, id: string, participant: string, now: number): Effect[] {
  const { windowMs } = carriedChannelOf(participant)
  return windowMs === undefined ? [] : [['HSET', conversationKeys(prefix, id).record, WROTE, now]]
}

/** The field of a conversation's record with that time, ms. */
export const WROTE = 'wrote'

/** What a message that is sent now may wait at the provider before it is looked at. */
const ON_ITS_WAY_MS = 60_000

/**
 * Whether a free text may be sent to an address now.
 * @param wrote when the person last wrote, ms; undefined: never
 */
export function isWindowOpen(address: string, wrote: number | undefined, now = Date.now()): boolean {
  const { windowMs } = carriedChannelOf(address)
  return windowMs === undefined || (wrote !== undefined && now < wrote + windowMs - ON_ITS_WAY_MS)
}
