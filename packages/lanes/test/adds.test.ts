import { describe, expect, test } from 'vitest'
import { expectNothingLeft, keyBeside, laneSet, laneWorker, prefixOf, recording, settled } from './fixture.ts'

/** Two lane sets of one deployment, over so many shards. */
function pair(shards = 1) {
  const inbox = laneSet({ shards })
  return { inbox, copies: laneSet({ name: 'copies', prefix: prefixOf(inbox), shards }) }
}

describe('adds of an add', () => {
  test('go into another lane set with the item, in its order, with ids of effects or their own', async () => {
    const { inbox, copies } = pair(3)
    const names = ['a', 'b', 'c', 'd']
    for (const lane of names) {
      const ledger = keyBeside(inbox, lane, `ledger:${lane}`)
      for (const n of [1, 2, 3]) {
        await inbox.add(lane, {
          data: `${n}`,
          effects: [
            ['INCR', `${ledger}:count`],
            ['XADD', ledger, `${n}-0`, 'n', n],
          ],
          adds: [
            { lanes: copies, lane, id: { effect: 1 }, data: `copy ${n}` },
            { lanes: copies, lane, id: `second-${n}`, data: '' },
          ],
        })
      }
    }
    const { seen, handler } = recording()
    for (const lanes of [inbox, copies]) laneWorker(lanes, { handler })
    await settled(inbox, copies)
    for (const lane of names) {
      const copied = seen.filter((call) => call.startsWith(`${lane}/`) && /-/.test(call))
      expect(copied).toEqual([1, 2, 3].flatMap((n) => [`${lane}/${n}-0`, `${lane}/second-${n}`]))
    }
    await expectNothingLeft(copies)
  })

  test('follow the item when they are for its own lane', async () => {
    const { inbox } = pair()
    await inbox.add('a', { id: '1', data: '', adds: [{ lanes: inbox, lane: 'a', id: '2', data: '' }] })
    const { seen, handler } = recording()
    laneWorker(inbox, { handler })
    await settled(inbox)
    expect(seen).toEqual(['a/1', 'a/2'])
  })

  test('are left out for a duplicate', async () => {
    const { inbox, copies } = pair()
    const add = (id: string) =>
      inbox.add('a', {
        id,
        data: '',
        dedupe: { id: 's', forMs: 60_000 },
        adds: [{ lanes: copies, lane: 'a', id, data: '' }],
      })
    const results = await Promise.all([add('1'), add('2'), add('3')])
    expect(results.map(({ status }) => status)).toEqual(['added', 'duplicate', 'duplicate'])
    expect(await copies.waiting('a')).toBe(1)
  })

  test('are left out for a full lane, and what travels along is read right', async () => {
    const { inbox, copies } = pair()
    const add = (id: string) =>
      inbox.add('a', { id, data: '', most: 1, adds: [{ lanes: copies, lane: 'a', id, data: '' }] })
    const other = { id: '1', data: '', adds: [{ lanes: copies, lane: 'b', id: '1', data: '' }] }
    const results = await Promise.all([add('1'), add('2'), inbox.add('b', other)])
    expect(results.map(({ status }) => status)).toEqual(['added', 'full', 'added'])
    expect([await copies.waiting('a'), await copies.waiting('b')]).toEqual([1, 1])
  })

  test('are left out when an effect fails, or one gives no id for them: nothing is stored then', async () => {
    const { inbox, copies } = pair()
    const key = keyBeside(inbox, 'a', 'text')
    const adds = [
      { lanes: copies, lane: 'a', id: 'first', data: '' },
      { lanes: copies, lane: 'a', id: { effect: 3 }, data: '' },
    ]
    await expect(inbox.add('a', { id: '1', data: '', adds })).rejects.toThrow('effect 4 returned no id')
    await inbox.connection.set(key, 'no list')
    const failing = { id: '1', data: '', effects: [['RPUSH', key, 'x'] as const], adds: adds.slice(0, 1) }
    await expect(inbox.add('a', failing)).rejects.toThrow('WRONGTYPE')
    expect([await inbox.waiting('a'), await copies.waiting('a')]).toEqual([0, 0])
  })

  test('are refused for a lane of another shard, and for an id that would not come back', async () => {
    const inbox = laneSet({ shards: 2, shardOf: (lane) => (lane === 'a' ? 0 : 1) })
    const add = (lane: string, id: string) =>
      inbox.add('a', { id: '1', data: '', adds: [{ lanes: inbox, lane, id, data: '' }] })
    await expect(add('b', '1')).rejects.toThrow("expected a lane in the step's own shard")
    await expect(add('a', 'x\ny')).rejects.toThrow('no line break')
    expect([await inbox.waiting('a'), await inbox.waiting('b')]).toEqual([0, 0])
  })
})
