import { expect, test } from 'vitest'
import type { Measurement } from '../measurement.ts'
import { order, outcome, spread } from '../outcome.ts'
import { reportJson } from '../report.ts'

const row = { n: 2, keys: 20_000, reach: { plain: 0.8, groupmq: 2 } }
const at = (perSecond: number): Measurement => ({ perSecond, nodeMicros: 1, redisMicros: 1, commands: 1, reads: 1 })
const round = (lanes: number, plain: number, groupmq: number) => ({
  lanes: at(lanes),
  plain: at(plain),
  groupmq: at(groupmq),
  groupmqBatching: at(10_000),
})

test('a ratio is taken within each round, so that a machine that slows down says nothing about a side', () => {
  const rounds = [round(9_000, 10_000, 4_000), round(900, 1_000, 400), round(8_000, 10_000, 4_000)]
  const { ratio, perSecond } = outcome(row, 'row', rounds)
  expect(ratio.plain).toEqual({ median: 0.9, min: 0.8, max: 0.9 })
  expect(ratio.groupmq.median).toBe(2.25)
  expect(perSecond.lanes).toEqual({ median: 8_000, min: 900, max: 9_000 })
})

test('a row is met when every ratio reaches that has to', () => {
  expect(outcome(row, 'row', [round(8_000, 10_000, 4_000)]).met).toBe(true)
  expect(outcome(row, 'row', [round(7_999, 10_000, 3_000)]).met).toBe(false)
  expect(outcome(row, 'row', [round(9_000, 10_000, 4_501)]).met).toBe(false)
})

test('a ratio in the JSON is never rounded up to the reach', () => {
  const json: unknown = JSON.parse(reportJson([outcome(row, 'row', [round(7_999, 10_000, 3_999)])]))
  expect(json).toEqual({
    rows: [
      {
        n: 2,
        name: 'row',
        value: 7_999,
        against: { plain: 10_000, groupmq: 3_999, groupmqBatching: 10_000 },
        ratio: { plain: 0.79, groupmq: 2, groupmqBatching: 0.79 },
        reach: row.reach,
        met: false,
      },
    ],
  })
})

test('the median of an even count lies between the two in the middle', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 })
})

test('every side is first, second and last in turn', () => {
  const orders = [0, 1, 2].map(order)
  for (const place of [0, 1, 2]) expect(new Set(orders.map((sides) => sides[place])).size).toBe(3)
})
