import type { LaneRedis } from '@chatlane/lanes'
import type { IncomingMessage } from './incoming.ts'
import { conversationKeys } from './keys.ts'

/** Messages with files in a row to which their sender is told what we make of files: as many as repeats are answered, see turns/exchange.ts. */
const MOST_TOLD = 15

/** So long no file must come until it is told again. */
const QUIET_MS = 10 * 60_000

type Keyed = IncomingMessage & { key: string }

/**
 * A message with the reply that says what we make of files, or without it: a machine that sends nothing but files would be told
 * for ever. The reply is made where the message is taken in and not in its turn, so what keeps turns from talking to a machine
 * without end does not see it.
 */
export async function tellOfFiles(
  { redis, prefix }: { redis: LaneRedis; prefix: string },
  id: string,
  said: Keyed,
): Promise<Keyed> {
  const { reply, ...silent } = said
  // Beside an opt-out it is said that it holds.
  if (reply === undefined || said.optOut !== undefined || (await mayBeTold(redis, prefix, id))) return said
  return said.dropped === undefined ? silent : { ...silent, dropped: 'loop' }
}

async function mayBeTold(redis: LaneRedis, prefix: string, id: string): Promise<boolean> {
  const { files } = conversationKeys(prefix, id)
  const [counted] = (await redis.multi().incr(files).pexpire(files, QUIET_MS).exec()) ?? []
  const [error, count] = counted ?? []
  if (error) throw error
  return Number(count) <= MOST_TOLD
}
