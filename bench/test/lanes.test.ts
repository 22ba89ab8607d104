import { expect, test } from 'vitest'
import { lanesOutcome } from '../lanes/outcome.ts'
import { isMet } from '../row.ts'
import { benchRows } from './bench.ts'

const at = (perSecond: number) => ({ perSecond, nodeMicros: 1, redisMicros: 1, commands: 1, reads: 1 })
const round = (lanes: number, plain: number, groupmq: number) =>
  new Map([
    ['lanes', at(lanes)] as const,
    ['plain', at(plain)] as const,
    ['locking', at(10_000)] as const,
    ['groupmq', at(groupmq)] as const,
    ['groupmqBatching', at(10_000)] as const,
  ])
const outcome = (...rounds: ReturnType<typeof round>[]) => lanesOutcome('row', '2', { plain: 0.8, groupmq: 2 }, rounds)

test('a ratio is taken within each round, so that a machine that slows down says nothing about a side', () => {
  const { ratio, value } = outcome(round(9_000, 10_000, 4_000), round(900, 1_000, 400), round(8_000, 10_000, 4_000))
  expect(ratio.plain?.value).toEqual({ median: 0.9, min: 0.8, max: 0.9 })
  expect(ratio.groupmq?.value.median).toBe(2.25)
  expect(value).toEqual({ median: 8_000, min: 900, max: 9_000 })
})

test('a row is met when every ratio reaches that has to', () => {
  const met = (...numbers: [number, number, number]) => Object.values(outcome(round(...numbers)).ratio).every(isMet)
  expect(met(8_000, 10_000, 4_000)).toBe(true)
  expect(met(7_999, 10_000, 3_000)).toBe(false)
  expect(met(9_000, 10_000, 4_501)).toBe(false)
})

test('measures all sides on both rows', async () => {
  const rows = await benchRows('1,2', '0.03')
  expect(rows).toHaveLength(2)
  for (const [i, { n, name, against, ratio }] of rows.entries()) {
    expect({ n, name }).toEqual({ n: i + 1, name: expect.stringContaining('600 messages') })
    expect(Object.keys(against)).toEqual(['plain', 'locking', 'groupmq', 'groupmqBatching'])
    expect(Object.keys(ratio)).toEqual(Object.keys(against))
  }
}, 180_000)
