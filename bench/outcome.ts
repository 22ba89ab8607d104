import { type Measurement, type SideName, sideNames } from './measurement.ts'
import { type Other, otherNames, type Row } from './rows.ts'

/** Every side once, one right after the other. */
export type Round = Record<SideName, Measurement>

export interface Spread {
  median: number
  min: number
  max: number
}

/** What a row's rounds say. */
export interface Outcome {
  row: Row
  name: string
  /** Messages per second. */
  perSecond: Record<SideName, Spread>
  /** Lanes over the other side: within each round, then the median. A machine that slows down slows both. */
  ratio: Record<Other, Spread>
  met: boolean
  /** Medians. */
  cost: Record<SideName, Omit<Measurement, 'perSecond'>>
}

export function outcome(row: Row, name: string, rounds: readonly Round[]): Outcome {
  const of = (pick: (round: Round) => number) => spread(rounds.map(pick))
  const bySide = <Value>(value: (side: SideName) => Value): Record<SideName, Value> => ({
    lanes: value('lanes'),
    plain: value('plain'),
    groupmq: value('groupmq'),
    groupmqBatching: value('groupmqBatching'),
  })
  const over = (other: Other) => of((round) => round.lanes.perSecond / round[other].perSecond)
  const ratio = { plain: over('plain'), groupmq: over('groupmq'), groupmqBatching: over('groupmqBatching') }
  return {
    row,
    name,
    perSecond: bySide((side) => of((round) => round[side].perSecond)),
    ratio,
    met: otherNames.every((other) => ratio[other].median >= (row.reach[other] ?? 0)),
    cost: bySide((side) => ({
      nodeMicros: of((round) => round[side].nodeMicros).median,
      redisMicros: of((round) => round[side].redisMicros).median,
      commands: of((round) => round[side].commands).median,
      reads: of((round) => round[side].reads).median,
    })),
  }
}

/** The sides in the order of a round: each goes first in turn. */
export function order(round: number): SideName[] {
  const first = round % sideNames.length
  return [...sideNames.slice(first), ...sideNames.slice(0, first)]
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  }
}
