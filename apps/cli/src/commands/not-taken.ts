import { isDeepStrictEqual } from 'node:util'
import type { AgentFields } from '@chatlane/core'
import { say } from '../output.ts'

/**
 * Says what was sent and is not so in what came back: no document says which fields `rest` lets be changed, and what it does not
 * know it may pass over. The exit code is 1 then; not for a field that UponAI does not show.
 */
export function tellNotTaken(sent: AgentFields, came: AgentFields): void {
  for (const [name, value] of Object.entries(sent)) {
    const now = came[name]
    if (now === undefined) {
      say(`chatlane: UponAI does not show ${name}: whether it was taken is not known`)
    } else if (!holds(now, value)) {
      say(`chatlane: UponAI did not take ${name}: it is ${JSON.stringify(now)}`)
      process.exitCode = 1
    }
  }
}

/** A server may add to an object, such as the version of an engine. */
function holds(now: unknown, sent: unknown): boolean {
  if (!isObject(now) || !isObject(sent)) return isDeepStrictEqual(now, sent)
  return Object.entries(sent).every(([name, value]) => holds(Reflect.get(now, name), value))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
