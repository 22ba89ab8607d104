import { LeaseLostError } from '@chatlane/lanes'
import { describe, expect, test } from 'vitest'
import { addAll, gate, keyBeside, laneSet, laneWorker, loseLocks, prefixOf, recording, settled } from './fixture.ts'

test('a lane that has done its items queues behind the others', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'busy', ['1', '2', '3', '4', '5'])
  await addAll(lanes, 'calm', ['1'])
  const { seen, handler } = recording()
  laneWorker(lanes, { handler, concurrency: 1, itemsPerTurn: 2 })
  await settled(lanes)
  expect(seen).toEqual(['busy/1', 'busy/2', 'calm/1', 'busy/3', 'busy/4', 'busy/5'])
})

test('a lane whose last item ends its turn is free', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'a', ['1', '2'])
  const { seen, handler } = recording()
  const worker = laneWorker(lanes, { handler, itemsPerTurn: 2 })
  await settled(lanes)
  await addAll(lanes, 'a', ['3'])
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/2', 'a/3'])
  expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })
})

describe('adds of a commit', () => {
  test('go into another lane set of the same shard, with ids of effects, in order', async () => {
    const inbox = laneSet({ shards: 3 })
    const outbox = laneSet({ name: 'outbox', prefix: prefixOf(inbox), shards: 3 })
    const lane = ['a', 'b', 'c']
    const ledger = keyBeside(inbox, 'a', 'ledger')
    for (const name of lane) await addAll(inbox, name, ['1', '2', '3'])
    const { seen, handler } = recording()
    const workers = [
      laneWorker(outbox, { handler }),
      laneWorker(inbox, {
        handler: async (item, turn) => ({
          do: 'commit',
          effects: turn.lane === 'a' ? [['XADD', ledger, `${item.id}-0`, 'text', 'x']] : [],
          adds: [
            { lanes: outbox, lane: turn.lane, id: turn.lane === 'a' ? { effect: 0 } : `${item.id}-0`, data: '' },
            { lanes: outbox, lane: turn.lane, id: `${item.id}-b`, data: '' },
          ],
        }),
      }),
    ]
    await settled(inbox, outbox)
    for (const name of lane) {
      const expected = ['1', '2', '3'].flatMap((id) => [`${name}/${id}-0`, `${name}/${id}-b`])
      expect(seen.filter((call) => call.startsWith(name))).toEqual(expected)
    }
    for (const worker of workers) expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })
  })

  test('can go into the very lane that is being worked off', async () => {
    const lanes = laneSet()
    const { seen, handler } = recording((item) =>
      item.id.length < 4 ? { do: 'commit', adds: [{ lanes, lane: 'a', id: `${item.id}1`, data: '' }] } : undefined,
    )
    await addAll(lanes, 'a', ['1'])
    laneWorker(lanes, { handler })
    await settled(lanes)
    expect(seen).toEqual(['a/1', 'a/11', 'a/111', 'a/1111'])
  })

  test('are refused for a lane of another shard', async () => {
    const lanes = laneSet({ shards: 2, shardOf: (lane) => (lane === 'a' ? 0 : 1) })
    const errors: unknown[] = []
    const { handler } = recording(() => ({ do: 'commit', adds: [{ lanes, lane: 'b', id: '1', data: '' }] }))
    await addAll(lanes, 'a', ['1'])
    laneWorker(lanes, { handler, attempts: 1, onError: (error) => errors.push(error) })
    await settled(lanes)
    expect(String(errors[0])).toMatch(/lane b is in \{.+\}.*: expected a lane in the step's own shard/)
    expect(await lanes.waiting('b')).toBe(0)
    expect(await lanes.deadLetters.list()).toHaveLength(1)
  })
})

describe('record', () => {
  test('writes in the middle of an item', async () => {
    const lanes = laneSet()
    const key = keyBeside(lanes, 'a', 'notes')
    await addAll(lanes, 'a', ['1'])
    const { seen, handler } = recording(async (_item, turn) => {
      if (turn.lane === 'b') return undefined
      await turn.record([['RPUSH', key, 'before']], [{ lanes, lane: 'b', id: '1', data: '' }])
      expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['before'])
      const results = await turn.record([
        ['RPUSH', key, 'again'],
        ['LINDEX', key, 7],
        ['LRANGE', key, 0, -1],
      ])
      expect(results).toEqual([2, null, ['before', 'again']])
      return { do: 'commit', effects: [['RPUSH', key, 'done']] }
    })
    laneWorker(lanes, { handler })
    await settled(lanes)
    expect(seen).toEqual(['a/1', 'b/1'])
    expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['before', 'again', 'done'])
  })

  test('is refused, like the commit, when another run has taken over', async () => {
    const lanes = laneSet()
    const key = keyBeside(lanes, 'a', 'notes')
    const [began, resume, refused] = [gate(), gate(), gate()]
    const calls: boolean[] = []
    await addAll(lanes, 'a', ['1', '2'])
    const worker = laneWorker(lanes, {
      leaseMs: 900,
      handler: async (_item, turn) => {
        calls.push(turn.crashed)
        if (calls.length > 1) return { do: 'commit', effects: [['RPUSH', key, 'second run']] }
        began.open()
        await resume.opened
        await expect(turn.record([['RPUSH', key, 'first run']])).rejects.toThrow(LeaseLostError)
        expect(() => turn.assertLease(0)).toThrow(LeaseLostError)
        refused.open()
        return { do: 'commit', effects: [['RPUSH', key, 'first run']] }
      },
    })
    await began.opened
    await loseLocks(lanes)
    await settled(lanes)
    resume.open()
    await refused.opened
    await worker.close()
    expect(calls).toEqual([false, true, false])
    expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['second run', 'second run'])
    expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 1, takeOvers: 1 })
  })
})
