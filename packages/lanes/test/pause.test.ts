import { expect, test } from 'vitest'
import { addAll, gate, laneSet, laneWorker, recording, settled } from './fixture.ts'

test('a paused worker takes no more lanes, lets its runs go on, and takes lanes again when it is resumed', async () => {
  const lanes = laneSet()
  const [begun, go] = [gate(), gate()]
  const { seen, handler } = recording(async (item) => {
    if (item.id === 'first') {
      begun.open()
      await go.opened
    }
    return undefined
  })
  const worker = laneWorker(lanes, { handler, concurrency: 1 })
  await addAll(lanes, 'l0', ['first', 'second'])
  await begun.opened
  worker.pause()
  // l2 would be the next of the very job that runs l0.
  for (const lane of ['l1', 'l2', 'l3']) await addAll(lanes, lane, ['waits'])
  go.open()
  while ((await lanes.waiting('l0')) > 0 || worker.inProgress > 0) await new Promise(setImmediate)
  expect(seen).toEqual(['l0/first', 'l0/second'])
  // Another worker is not paused by that.
  const other = recording()
  const second = laneWorker(lanes, { handler: other.handler })
  await settled(lanes)
  expect(other.seen.toSorted()).toEqual(['l1/waits', 'l2/waits', 'l3/waits'])
  await second.close()
  worker.resume()
  await addAll(lanes, 'l4', ['last'])
  await settled(lanes)
  expect(seen.at(-1)).toBe('l4/last')
  expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })
})
