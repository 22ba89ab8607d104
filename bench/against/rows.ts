import { inRounds } from '../in-rounds.ts'
import { count, range, times } from '../report/numbers.ts'
import type { Context, Outcome, Row } from '../row.ts'
import { startChatlane } from '../sms/chatlane.ts'
import type { Phase } from '../sms/phase.ts'
import { type Run, run } from '../sms/run.ts'
import { withService } from '../sms/with-service.ts'
import { spread } from '../spread.ts'
import type { Checkout } from './checkout.ts'

/** A message may cost 5 % more CPU time than before: as much as two runs of the same differ by. */
const REACH = 1.05

const CONNECTIONS = 64
const MESSAGES_EACH = 5

interface Way {
  n: number
  name: string
  participants: number
  warmUp: number
  withWorker: boolean
}

const ways: readonly Way[] = [
  { n: 3, name: 'the whole router', participants: 2_000, warmUp: 2_000, withWorker: true },
  { n: 4, name: 'ingress alone', participants: 4_000, warmUp: 4_000, withWorker: false },
]

/** Numbers of the rows that can be compared. */
export const comparable = ways.map(({ n }) => n)

type Side = 'now' | 'before'

/** Rows 3 and 4 as a comparison of what is checked out here with another commit: CPU time per message. */
export function rowsAgainst({ commit, root }: Checkout): Row[] {
  return ways.map((way) => ({
    n: way.n,
    name: `${way.name}, CPU time per message against ${commit}`,
    what: `CPU time of api and worker per message, what is checked out here against ${commit}, alternating.`,
    reachText: `≤ ${REACH} × ${commit}`,
    measure: (context) => measure(context, way, commit, root),
  }))
}

async function measure(context: Context, way: Way, commit: string, root: string): Promise<Outcome> {
  const participants = context.sized(way.participants)
  const phase: Phase = { name: 'm', participants, messages: participants * MESSAGES_EACH }
  const warmUp: Phase = {
    name: 'w',
    participants: context.sized(way.participants / 5),
    messages: context.sized(way.warmUp),
  }
  const { redisUrl, profileTo } = context
  const sides: readonly Side[] = ['now', 'before']
  const rounds = await inRounds(context, sides, async (side) => {
    const options = { redisUrl, withWorker: way.withWorker, profileTo, ...(side === 'before' && { root }) }
    const measured = await withService(startChatlane, options, async (service, providers) => {
      await run(service, providers, { phase: warmUp, connections: CONNECTIONS })
      return run(service, providers, { phase, connections: CONNECTIONS })
    })
    return { measured, told: `${count(micros(measured, phase))} µs` }
  })
  return outcome(way, phase, commit, rounds)
}

function micros({ apiMicros, workerMicros }: Run, { messages }: Phase): number {
  return (apiMicros + workerMicros) / messages
}

function outcome(way: Way, phase: Phase, commit: string, rounds: readonly Map<Side, Run>[]): Outcome {
  const figure = (round: Map<Side, Run>, side: Side, of: (run: Run) => number) => {
    const measured = round.get(side)
    return measured ? of(measured) : Number.NaN
  }
  const all = (side: Side, of: (run: Run) => number) => spread(rounds.map((round) => figure(round, side, of)))
  const whole = (run: Run) => micros(run, phase)
  const ratio = spread(rounds.map((round) => figure(round, 'now', whole) / figure(round, 'before', whole)))
  const line = (side: Side) => [
    side === 'now' ? 'now' : commit,
    count(all(side, whole).median),
    range(all(side, whole)),
    side === 'now' ? times(ratio) : '',
    count(all(side, (run) => run.apiMicros / phase.messages).median),
    count(all(side, (run) => run.workerMicros / phase.messages).median),
  ]
  return {
    name: `${way.name}: ${count(phase.messages)} SMS of ${count(phase.participants)} people`,
    unit: 'µs of CPU time per message',
    value: all('now', whole),
    against: { before: all('before', whole).median },
    ratio: { before: { value: ratio, reach: { most: REACH } } },
    table: [['', 'µs/message', 'min–max', `now to ${commit}`, 'api µs', 'worker µs'], line('now'), line('before')],
    notes: ['Medians over the rounds; the ratio is taken within each round, then over the rounds.'],
  }
}
