import { setTimeout as passed } from 'node:timers/promises'

/** What a command answers; undefined when it fails, or does not answer in time. */
export async function within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
  const late = new AbortController()
  const noAnswer = passed(ms, undefined, { signal: late.signal })
  const first = await Promise.race([answer.catch(() => undefined), noAnswer.catch(() => undefined)])
  late.abort()
  return first
}
