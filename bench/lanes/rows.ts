import { inRounds } from '../in-rounds.ts'
import { count } from '../report/numbers.ts'
import type { Context, Outcome, Row } from '../row.ts'
import { measure } from './measure.ts'
import { sideNames } from './measurement.ts'
import { type LanesReach, lanesOutcome } from './outcome.ts'
import { usual } from './settings.ts'

const what =
  'No-op messages added and worked off at the same time: lanes, which keep the order per key, against plain BullMQ, which ' +
  'keeps none, a lock per key with retries on it, which keeps one at a time alone, and GroupMQ.'

export const fewKeys = lanesRow(1, 1_000, { plain: 1.5, groupmq: 2 }, 'lanes with a backlog')
export const manyKeys = lanesRow(2, 20_000, { plain: 0.8, groupmq: 2 }, 'every message finds its lane idle')

function lanesRow(n: number, usualKeys: number, reach: LanesReach, kind: string): Row {
  async function measureRow(context: Context): Promise<Outcome> {
    const messages = context.sized(usual.messages)
    const keys = Math.min(usualKeys, messages)
    const settings = { ...usual, keys, messages, warmUp: context.sized(usual.warmUp) }
    const rounds = await inRounds(context, sideNames, async (side) => {
      const measured = await measure({ side, redisUrl: context.redisUrl, settings }, context.profileTo)
      return { measured, told: `${count(measured.perSecond)}/s` }
    })
    return lanesOutcome(`lanes: ${count(messages)} messages over ${count(keys)} keys`, `${n}`, reach, rounds)
  }
  return {
    n,
    name: `lanes, ${count(usualKeys)} keys: ${kind}`,
    what,
    reachText: `≥ ${reach.plain} × plain BullMQ, ≥ ${reach.groupmq} × GroupMQ`,
    measure: measureRow,
  }
}
