import { expect, test } from 'vitest'
import { compareHeard } from '../load/listener.ts'

const items = ['1-0', '2-0', '3-0']

test('everything once and in order is no problem', () => {
  expect(compareHeard(items, items)).toEqual([])
})

test.each([
  ['an item twice', ['1-0', '2-0', '2-0', '3-0'], /1 items came twice/],
  ['an item left out', ['1-0', '3-0'], /1 of 3 items did not come, first 2-0/],
  ['out of order', ['2-0', '1-0', '3-0'], /1-0 came behind a later item/],
  ['what the ledger does not have', ['1-0', '2-0', '2-5', '3-0'], /2-5 came and is not in the ledger/],
])('%s is one', (_, heard, expected) => {
  expect(compareHeard(heard, items)).toEqual([expect.stringMatching(expected)])
})
