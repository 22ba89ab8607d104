import type { Lanes } from '@chatlane/lanes'
import { expect, test } from 'vitest'
import { addAll, gate, keyBeside, laneSet, laneWorker, recording, settled } from './fixture.ts'

/** Takes away all that BullMQ knows, as if the adding of the jobs had never been. */
async function loseJobs(lanes: Lanes): Promise<void> {
  for (let shard = 0; shard < lanes.shards; shard++) await lanes.queue(shard).obliterate({ force: true })
}

const now = { everyMs: 3_600_000, afterMs: 0 }

test('wakes the lanes whose job is gone, counts them, and keeps their order', async () => {
  const lanes = laneSet({ shards: 2 })
  const names = Array.from({ length: 700 }, (_, i) => `lane ${i}`)
  await Promise.all(names.map((name) => addAll(lanes, name, ['1', '2'])))
  await loseJobs(lanes)
  const { seen, handler } = recording()
  const worker = laneWorker(lanes, { handler, sweep: now })
  expect(await worker.sweep()).toBe(700)
  await settled(lanes)
  expect(seen).toHaveLength(1_400)
  for (const name of names) {
    expect(seen.filter((call) => call.startsWith(`${name}/`))).toEqual([`${name}/1`, `${name}/2`])
  }
  expect(worker.counters.sweeperWakes).toBe(700)
})

test('does so by itself', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'a', ['1'])
  await loseJobs(lanes)
  const { seen, handler } = recording()
  const worker = laneWorker(lanes, { handler, sweep: { everyMs: 50, afterMs: 0 } })
  await settled(lanes)
  expect(seen).toEqual(['a/1'])
  expect(worker.counters.sweeperWakes).toBe(1)
})

test('leaves lanes alone that wait, run, are parked or were woken just now', async () => {
  const lanes = laneSet()
  const [running, end] = [gate(), gate()]
  const { handler } = recording(async (_item, turn) => {
    if (turn.lane === 'parked' && turn.tries === 0) return { do: 'retry', afterMs: 400 }
    if (turn.lane !== 'runs') return undefined
    running.open()
    await end.opened
    return undefined
  })
  await addAll(lanes, 'parked', ['1'])
  await addAll(lanes, 'runs', ['1'])
  await addAll(lanes, 'waits', ['1'])
  const worker = laneWorker(lanes, { handler, concurrency: 1, sweep: now })
  await running.opened
  expect(await worker.sweep()).toBe(0)
  end.open()
  await settled(lanes)

  const young = laneSet()
  await addAll(young, 'fresh', ['1'])
  await loseJobs(young)
  expect(await laneWorker(young, { handler, sweep: { ...now, afterMs: 60_000 } }).sweep()).toBe(0)
})

test('of two workers at the same time looks once', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'a', ['1'])
  await loseJobs(lanes)
  const { seen, handler } = recording()
  const workers = [laneWorker(lanes, { handler, sweep: now }), laneWorker(lanes, { handler, sweep: now })]
  const woken = await Promise.all(workers.map((worker) => worker.sweep()))
  await settled(lanes)
  expect(woken.reduce((sum, count) => sum + count)).toBe(1)
  expect(seen).toEqual(['a/1'])
})

test('fences out a run whose job was taken away under it, and calls its item in doubt', async () => {
  const lanes = laneSet()
  const key = keyBeside(lanes, 'a', 'result')
  const [began, resume] = [gate(), gate()]
  const crashed: boolean[] = []
  await addAll(lanes, 'a', ['1', '2'])
  const worker = laneWorker(lanes, {
    sweep: now,
    handler: async (item, turn) => {
      crashed.push(turn.crashed)
      const call = crashed.length
      if (call === 1) {
        began.open()
        await resume.opened
      }
      return { do: 'commit', effects: [['RPUSH', key, `${item.id} by call ${call}`]] }
    },
  })
  await began.opened
  await loseJobs(lanes)
  expect(await worker.sweep()).toBe(1)
  await settled(lanes)
  resume.open()
  await worker.close()
  expect(crashed).toEqual([false, true, false])
  expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['1 by call 2', '2 by call 3'])
  expect(worker.counters).toEqual({ sweeperWakes: 1, fenced: 1, takeOvers: 0 })
})
