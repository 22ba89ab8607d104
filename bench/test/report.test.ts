import { expect, test } from 'vitest'
import { order } from '../in-rounds.ts'
import { reportJson } from '../report/json.ts'
import { reportText } from '../report/text.ts'
import type { Check, Row } from '../row.ts'
import { spread } from '../spread.ts'

const spreadOf = (median: number) => ({ median, min: median, max: median })
const measured = (ratio: Record<string, Check>) => {
  const outcome = {
    name: '5 messages',
    value: spreadOf(7_999),
    unit: 'messages/s',
    against: { plain: 10_000 },
    ratio,
    table: [
      ['', 'messages/s'],
      ['ours', '7,999'],
    ],
  }
  const row: Row = { n: 2, name: 'row', what: 'Something.', reachText: '≥ 0.8 ×', measure: async () => outcome }
  return [{ row, outcome }]
}
const json = (ratio: Record<string, Check>): unknown => JSON.parse(reportJson(measured(ratio))).rows[0]

test('a ratio in the JSON is never rounded to the reach', () => {
  expect(json({ plain: { value: spreadOf(0.799_9), reach: { least: 0.8 } } })).toMatchObject({
    ratio: 0.79,
    reach: 0.8,
    met: false,
  })
  expect(json({ time: { value: spreadOf(1.100_1), reach: { most: 1.1 } } })).toMatchObject({
    ratio: 1.11,
    reach: 1.1,
    met: false,
  })
})

test('one ratio stands alone, several under their names, those without a reach are shown', () => {
  const plain: Check = { value: spreadOf(2), reach: { least: 1.5 } }
  expect(json({ plain, other: { value: spreadOf(3) } })).toMatchObject({
    ratio: { plain: 2, other: 3 },
    reach: { plain: 1.5 },
    met: true,
  })
})

test('people get a table whose numbers stand below each other', () => {
  const text = reportText(measured({ plain: { value: spreadOf(0.7), reach: { least: 0.8 } } }))
  expect(text).toBe('Row 2: 5 messages\n       messages/s\nours        7,999\nreach: ≥ 0.8 ×: NOT met')
})

test('the median of an even count lies between the two in the middle', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 })
})

test('every side is first, second and last in turn', () => {
  const orders = [0, 1, 2].map((round) => order(['lanes', 'plain', 'groupmq'], round))
  for (const place of [0, 1, 2]) expect(new Set(orders.map((sides) => sides[place])).size).toBe(3)
})
