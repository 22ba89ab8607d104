import { expect, test } from 'vitest'
import { addAll, gate, laneSet, laneWorker, recording, settled } from './fixture.ts'

test('peek shows the first items, the one being handled among them, and takes none', async () => {
  const lanes = laneSet()
  expect(await lanes.peek('a', 3)).toEqual([])
  const { opened, open } = gate()
  const begun = gate()
  const { handler, seen } = recording(async () => {
    begun.open()
    await opened
    return undefined
  })
  laneWorker(lanes, { handler })
  await addAll(lanes, 'a', ['1', '2', '3'])
  await begun.opened
  expect(await lanes.peek('a', 2)).toEqual([
    { id: '1', data: '1' },
    { id: '2', data: '2' },
  ])
  expect((await lanes.peek('a', 9)).map(({ id }) => id)).toEqual(['1', '2', '3'])
  open()
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/2', 'a/3'])
})

test('hurry ends the pause of a head that waits for its next try, in its place and at no cost', async () => {
  const lanes = laneSet()
  const tries: number[] = []
  const waits = gate()
  const { handler, seen } = recording((item, turn) => {
    if (item.id === '1') tries.push(turn.tries)
    return item.id === '1' && tries.length === 1 ? { do: 'retry', afterMs: 3_600_000, spend: false } : undefined
  })
  laneWorker(lanes, { handler })
  await addAll(lanes, 'a', ['1', '2'])
  const hurried = async () => {
    while (!(await lanes.hurry('a'))) await new Promise((resolve) => setTimeout(resolve, 20))
    waits.open()
  }
  await Promise.all([hurried(), waits.opened])
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/1', 'a/2'])
  expect(tries).toEqual([0, 0])
})

test('hurry leaves alone what does not wait', async () => {
  const lanes = laneSet()
  expect(await lanes.hurry('nobody')).toBe(false)
  const { opened, open } = gate()
  const begun = gate()
  const { handler, seen } = recording(async () => {
    begun.open()
    await opened
    return undefined
  })
  const worker = laneWorker(lanes, { handler })
  await addAll(lanes, 'a', ['1'])
  await begun.opened
  expect(await lanes.hurry('a')).toBe(false)
  open()
  await settled(lanes)
  expect(seen).toEqual(['a/1'])
  expect(worker.counters.fenced).toBe(0)
})
