import { inRounds } from '../in-rounds.ts'
import { count, range, times } from '../report/numbers.ts'
import type { Context, Outcome, Row } from '../row.ts'
import { spread } from '../spread.ts'
import { startBaseline } from './baseline/baseline.ts'
import { startChatlane } from './chatlane.ts'
import type { Phase } from './phase.ts'
import { type Run, run } from './run.ts'
import { withService } from './with-service.ts'

const sides = { chatlane: startChatlane, baseline: startBaseline }
type SideName = keyof typeof sides
const titles: Record<SideName, string> = { chatlane: 'Chatlane', baseline: 'Express + BullMQ' }

const PARTICIPANTS = 2_000
const MESSAGES_EACH = 5
const CONNECTIONS = 64
const REACH = 0.6

/** Row 3: what a message costs on its whole way. */
export const wholeRouter: Row = {
  n: 3,
  name: 'the whole router, per CPU second of api and worker',
  what:
    'SMS that come in, are completed by an UponAI that answers at once, and whose answers are sent: messages per CPU second ' +
    'of api and worker together, against Express, BullMQ and the same two calls, without order, dedupe and ledger.',
  reachText: `≥ ${REACH} × Express + BullMQ + the same two calls`,
  measure,
}

async function measure(context: Context): Promise<Outcome> {
  const participants = context.sized(PARTICIPANTS)
  const phase: Phase = { name: 'm', participants, messages: participants * MESSAGES_EACH }
  const warmUp: Phase = { name: 'w', participants: context.sized(PARTICIPANTS / 5), messages: context.sized(2_000) }
  const rounds = await inRounds(context, ['chatlane', 'baseline'], async (side: SideName) => {
    const options = { redisUrl: context.redisUrl, withWorker: true, profileTo: context.profileTo }
    const measured = await withService(sides[side], options, async (service, providers) => {
      await run(service, providers, { phase: warmUp, connections: CONNECTIONS })
      return run(service, providers, { phase, connections: CONNECTIONS })
    })
    return { measured, told: `${count(perCpuSecond(measured, phase))} per CPU s` }
  })
  return outcome(phase, rounds)
}

function perCpuSecond({ apiMicros, workerMicros }: Run, { messages }: Phase): number {
  return messages / ((apiMicros + workerMicros) / 1e6)
}

function outcome(phase: Phase, rounds: readonly Map<SideName, Run>[]): Outcome {
  const of = (side: SideName, pick: (run: Run) => number) =>
    spread(rounds.map((round) => figure(round.get(side), pick)))
  const speed = (side: SideName) => of(side, (run) => perCpuSecond(run, phase))
  const ratio = spread(
    rounds.map(
      (round) =>
        figure(round.get('chatlane'), (run) => perCpuSecond(run, phase)) /
        figure(round.get('baseline'), (run) => perCpuSecond(run, phase)),
    ),
  )
  const line = (side: SideName) => [
    titles[side],
    count(speed(side).median),
    range(speed(side)),
    side === 'chatlane' ? '' : times(ratio),
    count(of(side, (run) => run.apiMicros / phase.messages).median),
    count(of(side, (run) => run.workerMicros / phase.messages).median),
    count(of(side, (run) => phase.messages / run.untilAnswered).median),
  ]
  const head = ['', 'per CPU second', 'min–max', 'Chatlane to it', 'api µs', 'worker µs', 'messages/s here']
  const name = `the whole router: ${count(phase.messages)} SMS of ${count(phase.participants)} people`
  return {
    name,
    unit: 'messages per CPU second',
    value: speed('chatlane'),
    against: { baseline: Math.round(speed('baseline').median) },
    ratio: { baseline: { value: ratio, reach: { least: REACH } } },
    table: [head, line('chatlane'), line('baseline')],
    notes: ['“messages/s here”: with api, worker, Redis, the providers and the load on this machine together.'],
    plots: [
      {
        file: 'row-3',
        title: name,
        kind: 'bars',
        x: { title: '' },
        y: { title: 'messages per CPU second' },
        points: (['chatlane', 'baseline'] as const).map((side) => {
          const { median, min, max } = speed(side)
          return { series: titles[side], x: titles[side], y: median, low: min, high: max }
        }),
      },
    ],
  }
}

function figure(run: Run | undefined, pick: (run: Run) => number): number {
  return run ? pick(run) : Number.NaN
}
