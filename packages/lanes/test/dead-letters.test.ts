import { describe, expect, test } from 'vitest'
import { addAll, expectNothingLeft, keyBeside, laneSet, laneWorker, recording, settled } from './fixture.ts'

const failing = recording(() => {
  throw new Error('no good')
})

test('an item whose tries are spent becomes a dead letter and the lane goes on', async () => {
  const lanes = laneSet()
  const { seen, handler } = recording((item) => {
    if (item.id === '1') throw new Error('no good')
    return undefined
  })
  const before = Date.now()
  await addAll(lanes, 'a', ['1', '2'])
  laneWorker(lanes, { handler, attempts: 3, backoffMs: () => 0 })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/1', 'a/1', 'a/2'])
  const letter = await lanes.deadLetters.get('a', '1')
  expect(letter).toEqual({
    lane: 'a',
    id: '1',
    data: '1',
    reason: 'attempts_exhausted',
    detail: 'no good',
    tries: 3,
    at: expect.any(Number),
  })
  expect(letter?.at).toBeGreaterThanOrEqual(before)
  await expectNothingLeft(lanes)
})

test('a handler can bury at once, with its reason, effects and adds', async () => {
  const lanes = laneSet()
  const key = keyBeside(lanes, 'a', 'ledger')
  const { seen, handler } = recording((item, turn) =>
    turn.lane === 'a'
      ? {
          do: 'bury',
          reason: 'permanent',
          detail: 'said so',
          effects: [['XADD', key, '5-1', 'text', 'failed']],
          adds: [{ lanes, lane: 'b', id: { effect: 0 }, data: item.data }],
        }
      : undefined,
  )
  await addAll(lanes, 'a', ['1'])
  laneWorker(lanes, { handler })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'b/5-1'])
  expect(await lanes.deadLetters.list()).toMatchObject([{ reason: 'permanent', detail: 'said so', tries: 1 }])
})

test('onBury adds its effects and items to the same step, ids from its own effects included', async () => {
  const lanes = laneSet()
  const key = keyBeside(lanes, 'a', 'ledger')
  const { seen, handler } = recording((_item, turn) =>
    turn.lane === 'a' ? { do: 'bury', reason: 'r', detail: 'd', effects: [['INCR', `${key}:n`]] } : undefined,
  )
  await addAll(lanes, 'a', ['1'])
  laneWorker(lanes, {
    handler,
    onBury: (letter) => ({
      effects: [['XADD', key, '7-1', 'reason', letter.reason]],
      adds: [{ lanes, lane: 'b', id: { effect: 0 }, data: letter.id }],
    }),
  })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'b/7-1'])
  expect(await lanes.connection.xrange(key, '-', '+')).toEqual([['7-1', ['reason', 'r']]])
})

describe('list', () => {
  test('newest first over all shards, at most the limit of each', async () => {
    const lanes = laneSet({ shards: 2, shardOf: (lane) => (lane === 'a' ? 0 : 1) })
    laneWorker(lanes, { handler: failing.handler, attempts: 1 })
    for (const id of ['1', '2', '3']) {
      for (const lane of ['a', 'b']) await lanes.add(lane, { id, data: id })
      await settled(lanes)
    }
    const all = await lanes.deadLetters.list()
    expect(all).toHaveLength(6)
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort((a, b) => b - a))
    expect((await lanes.deadLetters.list(1)).map(({ id }) => id)).toEqual(['3', '3'])
  })

  test('is empty where nothing died', async () => {
    const lanes = laneSet()
    expect(await lanes.deadLetters.list()).toEqual([])
    expect(await lanes.deadLetters.get('a', '1')).toBeUndefined()
  })
})

test('lanes and ids that look alike are kept apart', async () => {
  const lanes = laneSet()
  laneWorker(lanes, { handler: failing.handler, attempts: 1 })
  await lanes.add('a', { id: 'b/c', data: 'one' })
  await lanes.add('a/b', { id: 'c', data: 'two' })
  await settled(lanes)
  expect(await lanes.deadLetters.get('a', 'b/c')).toMatchObject({ data: 'one' })
  expect(await lanes.deadLetters.get('a/b', 'c')).toMatchObject({ data: 'two' })
})

describe('replay', () => {
  test('puts the item behind what came since, under its id, with all its tries', async () => {
    const lanes = laneSet()
    let good = false
    const { seen, handler } = recording((_item, turn) => {
      if (!good) throw new Error('no good')
      expect(turn.tries).toBe(0)
      return undefined
    })
    const worker = laneWorker(lanes, { handler, attempts: 1 })
    await lanes.add('a', { id: '1', data: 'text' })
    await settled(lanes)
    await worker.close()
    good = true
    seen.length = 0
    await lanes.add('a', { id: '2', data: '' })
    const key = keyBeside(lanes, 'a', 'replays')
    expect(await lanes.deadLetters.replay('a', '1', [['INCR', key]])).toBe(true)
    expect(await lanes.deadLetters.get('a', '1')).toBeUndefined()
    expect(await lanes.deadLetters.list()).toEqual([])
    laneWorker(lanes, { handler })
    await settled(lanes)
    expect(seen).toEqual(['a/2', 'a/1'])
    expect(await lanes.connection.get(key)).toBe('1')
  })

  test('two at once store one item', async () => {
    const lanes = laneSet()
    const worker = laneWorker(lanes, { handler: failing.handler, attempts: 1 })
    await addAll(lanes, 'a', ['1'])
    await settled(lanes)
    await worker.close()
    const both = await Promise.all([lanes.deadLetters.replay('a', '1'), lanes.deadLetters.replay('a', '1')])
    expect(both.filter(Boolean)).toHaveLength(1)
    expect(await lanes.waiting('a')).toBe(1)
  })

  test('can be done again when the item dies again', async () => {
    const lanes = laneSet()
    laneWorker(lanes, { handler: failing.handler, attempts: 1 })
    await addAll(lanes, 'a', ['1'])
    await settled(lanes)
    for (let i = 0; i < 2; i++) {
      expect(await lanes.deadLetters.replay('a', '1')).toBe(true)
      await settled(lanes)
      expect(await lanes.deadLetters.get('a', '1')).toMatchObject({ id: '1', data: '1', tries: 1 })
    }
  })

  test('is false for what is no dead letter', async () => {
    const lanes = laneSet()
    expect(await lanes.deadLetters.replay('a', '1')).toBe(false)
    expect(await lanes.waiting('a')).toBe(0)
  })
})

test('remove takes a dead letter away for good', async () => {
  const lanes = laneSet()
  laneWorker(lanes, { handler: failing.handler, attempts: 1 })
  await addAll(lanes, 'a', ['1'])
  await settled(lanes)
  expect(await lanes.deadLetters.remove('a', '1')).toBe(true)
  expect(await lanes.deadLetters.remove('a', '1')).toBe(false)
  expect(await lanes.deadLetters.list()).toEqual([])
  expect(await lanes.deadLetters.replay('a', '1')).toBe(false)
})

test('a dead letter goes by itself after 30 days', async () => {
  const lanes = laneSet()
  laneWorker(lanes, { handler: failing.handler, attempts: 1 })
  await addAll(lanes, 'a', ['1'])
  await settled(lanes)
  const [key] = await lanes.connection.keys(`${lanes.shardKeys(0).dead}*`)
  expect(await lanes.connection.ttl(key ?? '')).toBeGreaterThan(29 * 86_400)
})
