import { count, range, times } from '../report/numbers.ts'
import type { Check, Outcome } from '../row.ts'
import { type Spread, spread } from '../spread.ts'
import { type Measurement, type SideName, sideNames } from './measurement.ts'

export interface LanesReach {
  plain: number
  groupmq: number
}

export type Round = ReadonlyMap<SideName, Measurement>

const titles: Record<SideName, string> = {
  lanes: 'lanes',
  plain: 'plain BullMQ',
  locking: 'BullMQ, lock and retry',
  groupmq: 'GroupMQ',
  groupmqBatching: 'GroupMQ, adds batched',
}

const head = ['', 'messages/s', 'min–max', 'lanes to it', 'reach', 'CPU µs Node + Redis', 'commands', 'reads']

/** What the rounds of row 1 or 2 say. */
export function lanesOutcome(name: string, row: string, reach: LanesReach, rounds: readonly Round[]): Outcome {
  const of = (pick: (round: Round) => number) => spread(rounds.map(pick))
  const perSecond = (side: SideName) => of((round) => figure(round, side, 'perSecond'))
  const over = (other: SideName) =>
    of((round) => figure(round, 'lanes', 'perSecond') / figure(round, other, 'perSecond'))
  const check = (other: SideName): Check => {
    const least = leastOf(reach, other)
    return { value: over(other), ...(least !== undefined && { reach: { least } }) }
  }
  const others = sideNames.filter((side) => side !== 'lanes')
  const lines = sideNames.map((side) => {
    const cost = (key: keyof Measurement) => of((round) => figure(round, side, key)).median
    return [
      titles[side],
      count(perSecond(side).median),
      range(perSecond(side)),
      side === 'lanes' ? '' : times(over(side)),
      reachCell(leastOf(reach, side)),
      `${Math.round(cost('nodeMicros'))} + ${Math.round(cost('redisMicros'))}`,
      cost('commands').toFixed(1),
      cost('reads').toFixed(2),
    ]
  })
  return {
    name,
    unit: 'messages/s',
    value: perSecond('lanes'),
    against: Object.fromEntries(others.map((other) => [other, Math.round(perSecond(other).median)])),
    ratio: Object.fromEntries(others.map((other) => [other, check(other)])),
    table: [head, ...lines],
    plots: [
      {
        file: `row-${row}`,
        title: name,
        kind: 'bars',
        x: { title: '' },
        y: { title: 'messages per second' },
        points: sideNames.map((side) => ({ series: titles[side], x: titles[side], ...bar(perSecond(side)) })),
      },
    ],
  }
}

function figure(round: Round, side: SideName, key: keyof Measurement): number {
  return round.get(side)?.[key] ?? Number.NaN
}

function leastOf(reach: LanesReach, side: SideName): number | undefined {
  return side === 'plain' || side === 'groupmq' ? reach[side] : undefined
}

function reachCell(least: number | undefined): string {
  return least === undefined ? '' : `≥ ${least}`
}

function bar({ median, min, max }: Spread) {
  return { y: median, low: min, high: max }
}
