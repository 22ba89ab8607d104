import { testRedisUrl } from '@chatlane/dev'
import { LeaseLostError, type Verdict } from '@chatlane/lanes'
import { describe, expect, test, vi } from 'vitest'
import { addAll, connect, gate, laneSet, laneWorker, loseLocks, prefixOf, recording, settled } from './fixture.ts'
import { redisProxy } from './redis-proxy.ts'

const commit: Verdict = { do: 'commit' }

test('is renewed for as long as the handler works', async () => {
  const lanes = laneSet()
  let left = 0
  const { seen, handler } = recording(async (_item, turn) => {
    await vi.waitUntil(() => Date.now() - began > 1_500, { timeout: 5_000, interval: 50 })
    turn.assertLease(1)
    left = turn.signal.aborted ? 0 : 1
    return undefined
  })
  const began = Date.now()
  await addAll(lanes, 'a', ['1'])
  const workers = [laneWorker(lanes, { handler, leaseMs: 500 }), laneWorker(lanes, { handler, leaseMs: 500 })]
  await settled(lanes)
  expect(seen).toEqual(['a/1'])
  expect(left).toBe(1)
  for (const worker of workers) expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })
})

describe('assertLease', () => {
  test('refuses more than is left, and the item is soon tried again without the sweeper', async () => {
    const lanes = laneSet()
    const crashed: boolean[] = []
    await addAll(lanes, 'a', ['1', '2'])
    const worker = laneWorker(lanes, {
      handler: async (_item, turn) => {
        crashed.push(turn.crashed)
        turn.assertLease(100)
        if (crashed.length === 1) turn.assertLease(60_000)
        return commit
      },
    })
    await settled(lanes)
    expect(crashed).toEqual([false, true, false])
    expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 1, takeOvers: 1 })
  })

  test('that is never satisfied ends in a dead letter', async () => {
    const lanes = laneSet()
    await addAll(lanes, 'a', ['1', '2'])
    const { seen, handler } = recording((item, turn) => {
      if (item.id === '1') turn.assertLease(60_000)
      return undefined
    })
    laneWorker(lanes, { handler, attempts: 3 })
    await settled(lanes)
    expect(seen).toEqual(['a/1', 'a/1', 'a/1', 'a/2'])
    expect(await lanes.deadLetters.get('a', '1')).toMatchObject({ reason: 'attempts_exhausted', tries: 3 })
  })
})

describe('a lost lease', () => {
  test('aborts the signal, and what the handler throws then is no try of its own', async () => {
    const lanes = laneSet()
    const began = gate()
    const runs: { tries: number; crashed: boolean }[] = []
    await addAll(lanes, 'a', ['1'])
    const worker = laneWorker(lanes, {
      leaseMs: 600,
      handler: async (_item, turn) => {
        runs.push({ tries: turn.tries, crashed: turn.crashed })
        if (runs.length > 1) return commit
        began.open()
        await new Promise((_, reject) => turn.signal.addEventListener('abort', () => reject(turn.signal.reason)))
        return commit
      },
    })
    await began.opened
    await loseLocks(lanes)
    await settled(lanes)
    await worker.close()
    expect(runs).toEqual([
      { tries: 0, crashed: false },
      { tries: 1, crashed: true },
    ])
    expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 1, takeOvers: 1 })
  })

  test('to a newer run of the same process leaves that one its renewals', async () => {
    const lanes = laneSet()
    const [firstBegan, secondBegan, endFirst] = [gate(), gate(), gate()]
    let calls = 0
    let secondEnds = 0
    await addAll(lanes, 'a', ['1'])
    const worker = laneWorker(lanes, {
      leaseMs: 600,
      handler: async (_item, turn) => {
        if (++calls === 1) {
          firstBegan.open()
          await endFirst.opened
          return commit
        }
        secondBegan.open()
        await vi.waitUntil(() => secondEnds > 0 && Date.now() > secondEnds, { timeout: 10_000 })
        turn.assertLease(1)
        return commit
      },
    })
    await firstBegan.opened
    await loseLocks(lanes)
    await secondBegan.opened
    endFirst.open()
    secondEnds = Date.now() + 1_800
    await settled(lanes)
    expect(calls).toBe(2)
    expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 1, takeOvers: 1 })
  })

  test('begins no further item, and the next run is not told of a crash', async () => {
    const lanes = laneSet()
    const handled: string[] = []
    await addAll(lanes, 'a', ['1', '2'])
    const worker = laneWorker(lanes, {
      leaseMs: 600,
      handler: async (item, turn) => {
        handled.push(`${item.id}:${turn.tries}:${turn.crashed}`)
        if (item.id === '1') {
          // As after a freeze: the lock is gone, nobody has taken over, this process's clock is past its lease.
          await loseLocks(lanes)
          const end = Date.now() + 700
          while (Date.now() < end);
        } else turn.assertLease(1)
        return commit
      },
    })
    await settled(lanes)
    expect(handled).toEqual(['1:0:false', '2:0:false'])
    expect(worker.counters.fenced).toBe(0)
  })
})

test('a run that was in doubt stays so for the item until it is done, through its retries', async () => {
  const lanes = laneSet()
  const crashed: string[] = []
  await addAll(lanes, 'a', ['1', '2'])
  laneWorker(lanes, {
    handler: async (item, turn) => {
      crashed.push(`${item.id}:${turn.crashed}`)
      if (crashed.length === 1) throw new LeaseLostError('as if')
      if (crashed.length < 4) return { do: 'retry', afterMs: 0, spend: crashed.length === 2 }
      return commit
    },
  })
  await settled(lanes)
  expect(crashed).toEqual(['1:false', '1:true', '1:true', '1:true', '2:false'])
})

test('a start that comes late does not run beside the one that took over', async () => {
  const lanes = laneSet({ connection: connect(testRedisUrl()) })
  const proxy = await redisProxy()
  const late = laneSet({ prefix: prefixOf(lanes), connection: connect(proxy.url) })
  const [taken, end] = [gate(), gate()]
  let inHand = 0
  const calls: string[] = []
  const worker = (name: string, through: typeof lanes) =>
    laneWorker(through, {
      leaseMs: 600,
      sweep: { everyMs: 3_600_000, afterMs: 0 },
      handler: async (item, turn) => {
        calls.push(`${name} ${item.id} ${turn.crashed}`)
        expect(++inHand).toBe(1)
        if (item.id === '1') {
          taken.open()
          await end.opened
        }
        inHand--
        return commit
      },
    })
  // The first worker has taken a job that does not hold the head (the sweeper added it); what it says to begin hangs in the
  // network for longer than its lease.
  await addAll(lanes, 'slow-net', ['1', '2'])
  await lanes.queue(0).obliterate({ force: true })
  const held = proxy.hold('slow-net')
  const first = worker('late', late)
  expect(await first.sweep()).toBe(1)
  await held
  const second = worker('quick', lanes)
  await taken.opened
  const errors = proxy.answered()
  proxy.release()
  await errors
  end.open()
  await settled(lanes)
  expect(calls).toEqual(['quick 1 true', 'quick 2 false'])
  expect(first.counters).toMatchObject({ sweeperWakes: 1, takeOvers: 0 })
  expect(second.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 1 })
})
