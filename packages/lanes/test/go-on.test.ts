import { expect, test } from 'vitest'
import { addAll, expectNothingLeft, gate, laneSet, laneWorker, loseLocks, recording, settled } from './fixture.ts'

/** What BullMQ said of its jobs, e.g. how many were completed. */
async function events(lanes: ReturnType<typeof laneSet>, name: string): Promise<number> {
  const entries = await lanes.connection.xrange(`${lanes.shardKeys(0).stem}events`, '-', '+')
  return entries.filter(([, fields]) => fields[fields.indexOf('event') + 1] === name).length
}

test('a job whose lane is empty goes on with the lane that waits longest', async () => {
  const lanes = laneSet()
  for (const lane of ['a', 'b', 'c']) await addAll(lanes, lane, ['1', '2'])
  const { seen, handler } = recording()
  const worker = laneWorker(lanes, { handler, concurrency: 1 })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/2', 'b/1', 'b/2', 'c/1', 'c/2'])
  expect(await events(lanes, 'completed')).toBe(1)
  expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })
  await expectNothingLeft(lanes)
})

test('after a hundred lanes BullMQ gets to see the job again', async () => {
  const lanes = laneSet()
  for (let i = 0; i < 250; i++) await addAll(lanes, `lane ${i}`, ['1'])
  const { seen, handler } = recording()
  laneWorker(lanes, { handler, concurrency: 1 })
  await settled(lanes)
  expect(seen).toEqual(Array.from({ length: 250 }, (_, i) => `lane ${i}/1`))
  expect(await events(lanes, 'completed')).toBe(3)
})

test('a paused queue gives no lane away', async () => {
  const lanes = laneSet()
  for (const lane of ['a', 'b']) await addAll(lanes, lane, ['1'])
  const { seen, handler } = recording(async (_item, turn) => {
    if (turn.lane === 'a') await lanes.queue(0).pause()
    return undefined
  })
  laneWorker(lanes, { handler, concurrency: 1 })
  while ((await lanes.waiting('a')) > 0 || (await events(lanes, 'completed')) === 0) await new Promise(setImmediate)
  expect(seen).toEqual(['a/1'])
  expect(await lanes.waiting('b')).toBe(1)
  await lanes.queue(0).resume()
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'b/1'])
})

test('a lane that was started before begins in its own right', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'parked', ['1'])
  const tries: string[] = []
  const [parked, end] = [gate(), gate()]
  laneWorker(lanes, {
    concurrency: 1,
    handler: async (_item, turn) => {
      tries.push(`${turn.lane} ${turn.tries}`)
      if (turn.lane === 'parked' && turn.tries === 0) {
        parked.open()
        return { do: 'retry', afterMs: 0 }
      }
      if (turn.lane === 'a') await end.opened
      return { do: 'commit' }
    },
  })
  await parked.opened
  for (const lane of ['a', 'b']) await addAll(lanes, lane, ['1'])
  end.open()
  await settled(lanes)
  expect(tries.toSorted()).toEqual(['a 0', 'b 0', 'parked 0', 'parked 1'])
})

test('a lane that a job went on with is taken over when its worker is gone', async () => {
  const lanes = laneSet()
  for (const lane of ['a', 'b']) await addAll(lanes, lane, ['1', '2'])
  const [reached, never] = [gate(), gate()]
  laneWorker(lanes, {
    concurrency: 1,
    leaseMs: 600,
    handler: async (_item, turn) => {
      if (turn.lane === 'b') {
        reached.open()
        await never.opened
      }
      return { do: 'commit' }
    },
  })
  await reached.opened
  await loseLocks(lanes)
  const seen: string[] = []
  laneWorker(lanes, {
    leaseMs: 600,
    handler: async (item, turn) => {
      seen.push(`${turn.lane}/${item.id} ${turn.crashed} ${turn.tries}`)
      return { do: 'commit' }
    },
  })
  await settled(lanes)
  expect(seen).toEqual(['b/1 true 1', 'b/2 false 0'])
  never.open()
})
