import type { Conversation } from '@chatlane/core'
import { inRounds } from '../in-rounds.ts'
import type { Context } from '../row.ts'
import { type Cost, countCost } from './cost.ts'
import { drained, write } from './filling.ts'
import type { Router } from './router.ts'
import type { Worker } from './worker.ts'

const MESSAGES = 5_000

/** A router with conversations. */
export interface Filled {
  router: Router
  worker: Worker
  /** Conversations to which may be written. */
  some: readonly Conversation[]
}

/** One round, per message: here, and right before or after where the fewest conversations are. */
export interface Timed {
  micros: number
  cost: Cost
  fewest: number
}

/** Times messages on both, each first in turn: what else the machine does meets both. */
export async function timeInTurn(filled: Filled, fewest: Filled, context: Context): Promise<Timed[]> {
  const rounds = await inRounds({ ...context, progress: () => {} }, ['filled', 'fewest'], async (side) => {
    return { measured: await timeMessages(side === 'filled' ? filled : fewest, context), told: '' }
  })
  return rounds.map((round) => {
    const [here, there] = [round.get('filled'), round.get('fewest')]
    if (!here || !there) throw new Error('expected both to be timed')
    return { ...here, fewest: there.micros }
  })
}

async function timeMessages(
  { router, worker, some }: Filled,
  { sized }: Context,
): Promise<{ micros: number; cost: Cost }> {
  const messages = sized(MESSAGES, 100)
  const to = Array.from({ length: messages }, () => some[Math.floor(Math.random() * some.length)]).flatMap(
    (one) => one ?? [],
  )
  const cost = await countCost(router, worker)
  const began = performance.now()
  await write(router, to)
  await drained(router, 10)
  return { micros: ((performance.now() - began) / messages) * 1_000, cost: await cost(messages) }
}
