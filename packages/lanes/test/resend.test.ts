import { testRedisUrl } from '@chatlane/dev'
import type { Verdict } from '@chatlane/lanes'
import { describe, expect, test } from 'vitest'
import { addAll, connect, expectNothingLeft, keyBeside, laneSet, laneWorker, prefixOf, settled } from './fixture.ts'
import { redisProxy } from './redis-proxy.ts'

/** A lane set, and the same one for a worker whose way to Redis can fail. */
async function twoWays() {
  const lanes = laneSet({ connection: connect(testRedisUrl()) })
  const proxy = await redisProxy()
  const unsteady = laneSet({ prefix: prefixOf(lanes), connection: connect(proxy.url) })
  return { lanes, unsteady, proxy, key: keyBeside(lanes, 'a', 'effects') }
}

describe('a step whose answer gets lost is sent a second time and done once', () => {
  const commits = [
    { title: 'the commit that frees the lane', ids: ['1'], itemsPerTurn: 50 },
    { title: 'a commit with items behind it', ids: ['1', '2'], itemsPerTurn: 50 },
    { title: 'the commit that yields', ids: ['1', '2'], itemsPerTurn: 1 },
  ]
  test.each(commits)('$title', async ({ ids, itemsPerTurn }) => {
    const { lanes, unsteady, proxy, key } = await twoWays()
    const seen: string[] = []
    await addAll(lanes, 'a', ids)
    const lost = proxy.loseAnswerTo('lose-me')
    const worker = laneWorker(unsteady, {
      itemsPerTurn,
      handler: async (item, turn): Promise<Verdict> => {
        seen.push(`${turn.lane}/${item.id}`)
        if (turn.lane === 'b') return { do: 'commit' }
        const text = item.id === '1' ? 'lose-me' : item.id
        const adds = [{ lanes: unsteady, lane: 'b', id: item.id, data: '' }]
        return { do: 'commit', effects: [['RPUSH', key, text]], adds }
      },
    })
    await lost
    await settled(lanes)
    expect(await lanes.connection.lrange(key, 0, -1)).toEqual(ids.map((id) => (id === '1' ? 'lose-me' : id)))
    for (const lane of ['a', 'b']) {
      expect(seen.filter((call) => call.startsWith(lane))).toEqual(ids.map((id) => `${lane}/${id}`))
    }
    expect(worker.counters.sweeperWakes).toBe(0)
    await expectNothingLeft(lanes)
  })

  test('a record', async () => {
    const { lanes, unsteady, proxy, key } = await twoWays()
    await addAll(lanes, 'a', ['1'])
    const results: unknown[] = []
    const lost = proxy.loseAnswerTo('lose-me')
    laneWorker(unsteady, {
      handler: async (_item, turn) => {
        await turn.record([['RPUSH', key, 'before']])
        results.push(await turn.record([['RPUSH', key, 'lose-me']]))
        results.push(await turn.record([['RPUSH', key, 'after']]))
        return { do: 'commit' }
      },
    })
    await lost
    await settled(lanes)
    expect(results).toEqual([undefined, [3]])
    expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['before', 'lose-me', 'after'])
  })

  test('a retry: one try is spent', async () => {
    const { lanes, unsteady, proxy, key } = await twoWays()
    const tries: number[] = []
    await addAll(lanes, 'a', ['1'])
    const lost = proxy.loseAnswerTo('lose-me')
    laneWorker(unsteady, {
      handler: async (_item, turn) => {
        tries.push(turn.tries)
        return tries.length === 1 ? { do: 'retry', afterMs: 0, effects: [['RPUSH', key, 'lose-me']] } : { do: 'commit' }
      },
    })
    await lost
    await settled(lanes)
    expect(tries).toEqual([0, 1])
    expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['lose-me'])
  })

  test('a begin: no try is spent', async () => {
    const { lanes, unsteady, proxy } = await twoWays()
    const runs: unknown[] = []
    const lost = proxy.loseAnswerTo('name of the lane')
    laneWorker(unsteady, {
      handler: async (item, turn) => {
        runs.push([item.id, turn.tries, turn.crashed])
        return { do: 'commit' }
      },
    })
    await addAll(lanes, 'name of the lane', ['1', '2'])
    await lost
    await settled(lanes)
    expect(runs).toEqual([
      ['1', 0, false],
      ['2', 0, false],
    ])
  })

  test('an add with a dedupe id', async () => {
    const { lanes, unsteady, proxy, key } = await twoWays()
    const seen: string[] = []
    const lost = proxy.loseAnswerTo('lose-me')
    const added = await unsteady.add('a', {
      id: '1',
      data: '',
      dedupe: { id: 's', forMs: 60_000 },
      effects: [['RPUSH', key, 'lose-me']],
    })
    await lost
    expect(added).toMatchObject({ status: 'duplicate', id: '1' })
    expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['lose-me'])
    laneWorker(lanes, {
      handler: async (item) => {
        seen.push(item.id)
        return { do: 'commit' }
      },
    })
    await settled(lanes)
    expect(seen).toEqual(['1'])
  })
})
