import { expect, it } from 'vitest'
import { align } from '../check/align.ts'

const item = (text: string, weight = 5) => ({ text, weight })
const weightOf = ({ weight }: { weight: number }) => weight

it('meets of equal texts the one that matters more, also behind a common beginning', () => {
  const light = item('a', 1)
  const heavy = item('a')
  const expected = [item('head'), item('x'), light, heavy, item('y')]
  const { pairs, missing, extra } = align(expected, [item('head'), item('a'), item('z')], weightOf)
  expect(pairs.map((pair) => pair.expected)).toEqual([expected[0], heavy])
  expect(missing).toEqual([expected[1], light, expected[4]])
  expect(extra.map(({ text }) => text)).toEqual(['z'])
})

it('gives up one that matters less for one that matters more', () => {
  const { pairs } = align([item('a', 1), item('b', 1), item('c')], [item('c'), item('a'), item('b')], weightOf)
  expect(pairs.map(({ seen }) => seen.text)).toEqual(['c'])
})
