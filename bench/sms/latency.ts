import { inRounds } from '../in-rounds.ts'
import { count, times } from '../report/numbers.ts'
import type { Context, Outcome, Row } from '../row.ts'
import { type Spread, spread } from '../spread.ts'
import { startBaseline } from './baseline/baseline.ts'
import { startChatlane } from './chatlane.ts'
import { percentile } from './percentile.ts'
import type { Phase } from './phase.ts'
import { type Run, run } from './run.ts'
import { withService } from './with-service.ts'

const sides = { chatlane: startChatlane, baseline: startBaseline }
type SideName = keyof typeof sides
const sideNames: readonly SideName[] = ['chatlane', 'baseline']
const titles: Record<SideName, string> = { chatlane: 'Chatlane', baseline: 'Express + BullMQ' }

const PARTICIPANTS = 800
const MESSAGES_EACH = 5
const CONNECTIONS = 64
const SHARE_OF_HIGHEST = 0.5
const REACH = 1.3
const shares = { p50: 0.5, p99: 0.99 }
type Share = keyof typeof shares

/** Row 5: how long an accepted message waits. */
export const latency: Row = {
  n: 5,
  name: 'from acceptance to the start of the completion, at half of the highest load',
  what:
    'From the 2xx of a webhook to the arrival of its completion at UponAI, at half of the highest load that Chatlane carries ' +
    'here; against Express and BullMQ without order, between the same two points, at the same load.',
  reachText: `≤ ${REACH} × plain BullMQ, p50 and p99`,
  measure,
}

/** ms */
type Measured = Record<Share | 'late', number>

async function measure(context: Context): Promise<Outcome> {
  const { redisUrl, profileTo } = context
  const participants = context.sized(PARTICIPANTS)
  const phase: Phase = { name: 'm', participants, messages: participants * MESSAGES_EACH }
  const warmUp: Phase = { name: 'w', participants: context.sized(400), messages: context.sized(2_000) }
  const measureSide = (side: SideName, perSecond: number | undefined) =>
    withService(sides[side], { redisUrl, withWorker: true, profileTo }, async (service, providers) => {
      await run(service, providers, { phase: warmUp, connections: CONNECTIONS })
      return run(service, providers, { phase, connections: CONNECTIONS, ...(perSecond !== undefined && { perSecond }) })
    })
  let perSecond = 0
  let measurements = 0
  const rounds = await inRounds(context, sideNames, async (side) => {
    // Anew in each round: what the machine has to give changes. Both sides of a round get the same load.
    if (measurements++ % sideNames.length === 0) {
      const { untilAnswered } = await measureSide('chatlane', undefined)
      perSecond = (phase.messages / untilAnswered) * SHARE_OF_HIGHEST
    }
    const measured = waits(await measureSide(side, perSecond))
    return { measured, told: `p50 ${measured.p50.toFixed(1)} ms, p99 ${measured.p99.toFixed(1)} ms` }
  })
  return outcome(Math.round(perSecond), phase, rounds)
}

function waits({ acceptedAt, startedAt, latestMs }: Run): Measured {
  const sorted = acceptedAt.map((at, message) => (startedAt[message] ?? Number.NaN) - at).sort((a, b) => a - b)
  return { p50: percentile(sorted, shares.p50), p99: percentile(sorted, shares.p99), late: latestMs }
}

function outcome(perSecond: number, phase: Phase, rounds: readonly Map<SideName, Measured>[]): Outcome {
  const figure = (round: Map<SideName, Measured>, side: SideName, share: keyof Measured) =>
    round.get(side)?.[share] ?? Number.NaN
  const of = (side: SideName, share: keyof Measured) => spread(rounds.map((round) => figure(round, side, share)))
  const over = (share: Share) =>
    spread(rounds.map((round) => figure(round, 'chatlane', share) / figure(round, 'baseline', share)))
  const line = (side: SideName) => [
    titles[side],
    ms(of(side, 'p50')),
    side === 'chatlane' ? '' : times(over('p50')),
    ms(of(side, 'p99')),
    side === 'chatlane' ? '' : times(over('p99')),
    count(of(side, 'late').median),
  ]
  const name = `acceptance to start of the completion: ${phase.messages} SMS at ${perSecond}/s`
  return {
    name,
    unit: 'ms (p50)',
    value: of('chatlane', 'p50'),
    against: { p50: of('baseline', 'p50').median, p99: of('baseline', 'p99').median },
    ratio: {
      p50: { value: over('p50'), reach: { most: REACH } },
      p99: { value: over('p99'), reach: { most: REACH } },
    },
    table: [['', 'p50 ms', 'Chatlane to it', 'p99 ms', 'Chatlane to it', 'sent late, ms'], ...sideNames.map(line)],
    notes: [
      'Both from the 2xx, as its sender sees it, to the request for the completion, as UponAI sees it. “sent late”: the latest',
      'that a webhook left behind its time; where that is more than a few ms the machine did not carry the load.',
    ],
    plots: [
      {
        file: 'row-5',
        title: name,
        kind: 'bars',
        x: { title: '' },
        y: { title: 'ms' },
        points: sideNames.flatMap((side) =>
          (['p50', 'p99'] as const).map((share) => {
            const { median, min, max } = of(side, share)
            return { series: titles[side], x: share, y: median, low: min, high: max }
          }),
        ),
      },
    ],
  }
}

function ms({ median, min, max }: Spread): string {
  return `${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)})`
}
