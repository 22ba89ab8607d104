import type { Lanes } from '@chatlane/lanes'
import { expect, test, vi } from 'vitest'
import { addAll, expectNothingLeft, gate, keyBeside, laneSet, laneWorker, recording, settled } from './fixture.ts'

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

test('wakes a lane whose job is in none of the queue’s lists, and leaves those alone that are', async () => {
  const lanes = laneSet()
  for (const name of ['a', 'b', 'lost', 'c']) await addAll(lanes, name, ['1', '2'])
  const { lanes: states, stem } = lanes.shardKeys(0)
  const [job = ''] = ((await lanes.connection.hget(states, 'lost')) ?? '').split(' ')
  expect(await lanes.connection.lrem(`${stem}wait`, 1, job)).toBe(1)
  const { seen, handler } = recording()
  const worker = laneWorker(lanes, { handler, sweep: now })
  await vi.waitUntil(() => seen.length === 6, { timeout: 90_000 })
  expect(await worker.sweep()).toBe(1)
  await settled(lanes)
  expect(seen.filter((call) => call.startsWith('lost'))).toEqual(['lost/1', 'lost/2'])
  expect(seen).toHaveLength(8)
  await expectNothingLeft(lanes)
})

test('while others wait, finds the lost job by those that overtook it', async () => {
  const lanes = laneSet()
  const { lanes: states, stem } = lanes.shardKeys(0)
  await addAll(lanes, 'lost', ['1'])
  const [job = ''] = ((await lanes.connection.hget(states, 'lost')) ?? '').split(' ')
  await lanes.connection.lrem(`${stem}wait`, 1, job)
  await addAll(lanes, 'waits', ['1'])
  const worker = laneWorker(lanes, { handler: recording().handler, sweep: now })
  worker.pause()
  await addAll(lanes, 'waits too', ['1'])
  expect(await worker.sweep()).toBe(0)
  // As if it had been added half a minute before the others.
  await lanes.connection.hset(`${stem}${job}`, 'timestamp', Date.now() - 30_000)
  await lanes.connection.del(lanes.shardKeys(0).sweeper)
  expect(await worker.sweep()).toBe(1)
})

test('writes a state anew that cannot be read, says so, and looks at the other lanes all the same', async () => {
  const lanes = laneSet()
  for (const name of ['a', 'garbled', 'z']) await addAll(lanes, name, ['1', '2'])
  await loseJobs(lanes)
  await lanes.connection.hset(lanes.shardKeys(0).lanes, 'garbled', 'what is this')
  const { seen, handler } = recording()
  const errors: unknown[] = []
  const worker = laneWorker(lanes, { handler, sweep: now, onError: (error) => errors.push(error) })
  expect(await worker.sweep()).toBe(3)
  await settled(lanes)
  expect(seen.toSorted()).toEqual(['a/1', 'a/2', 'garbled/1', 'garbled/2', 'z/1', 'z/2'])
  expect(errors.map(String)).toEqual([expect.stringContaining('the state of lane garbled')])
})

test('finds mailboxes of which no lane is known, on every shard', async () => {
  const lanes = laneSet({ shards: 3 })
  const names = Array.from({ length: 30 }, (_, i) => `lane ${i}`)
  await Promise.all(names.map((name) => addAll(lanes, name, ['1', '2'])))
  await loseJobs(lanes)
  for (let shard = 0; shard < 3; shard++) await lanes.connection.del(lanes.shardKeys(shard).lanes)
  const { seen, handler } = recording()
  const worker = laneWorker(lanes, { handler, sweep: now })
  expect(await worker.sweep()).toBe(0)
  let found = 0
  while (found < names.length) {
    // Other tests' keys lie beside these, so more than one look may be needed.
    await lanes.connection.del(lanes.shardKeys(0).auditor)
    found += await worker.audit()
  }
  await settled(lanes)
  for (const name of names) {
    expect(seen.filter((call) => call.startsWith(`${name}/`))).toEqual([`${name}/1`, `${name}/2`])
  }
  expect(worker.counters.sweeperWakes).toBe(30)
})

test('an item for a lane whose state was lost wakes it, and what lay there comes first', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'a', ['1'])
  await loseJobs(lanes)
  await lanes.connection.hdel(lanes.shardKeys(0).lanes, 'a')
  await addAll(lanes, 'a', ['2'])
  const { seen, handler } = recording()
  laneWorker(lanes, { handler, sweep: now })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/2'])
})

test('data of another type harms its own lane only, in whatever batch', async () => {
  const lanes = laneSet()
  await lanes.connection.set(`${lanes.shardKeys(0).stem}mail:bad`, 'not a list')
  const added = await Promise.allSettled(
    ['a', 'bad', 'b'].map((lane) =>
      lanes.add(lane, { id: '1', data: '', effects: [['RPUSH', keyBeside(lanes, lane, lane), 1]] }),
    ),
  )
  expect(added.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(String(added[1]?.status === 'rejected' && added[1].reason)).toContain('WRONGTYPE')
  const { seen, handler } = recording()
  laneWorker(lanes, { handler, sweep: now })
  await settled(lanes)
  expect(seen.toSorted()).toEqual(['a/1', 'b/1'])
})

test('a state with more to it than this build knows is kept as it is, and the lane runs', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'a', ['1', '2'])
  const { lanes: states } = lanes.shardKeys(0)
  await lanes.connection.hset(states, 'a', `${await lanes.connection.hget(states, 'a')} and more`)
  const kept: (string | null)[] = []
  const { seen, handler } = recording(async (_item, turn) => {
    if (turn.tries > 0) return undefined
    await turn.record([['SET', keyBeside(lanes, 'a', 'noted'), 1]])
    kept.push(await lanes.connection.hget(states, 'a'))
    return { do: 'retry', afterMs: 0 }
  })
  laneWorker(lanes, { handler, sweep: now })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/1', 'a/2', 'a/2'])
  expect(kept).toEqual([expect.stringMatching(/ and more$/), expect.stringMatching(/ and more$/)])
})
