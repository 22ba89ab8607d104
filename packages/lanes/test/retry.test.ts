import { backoff } from '@chatlane/lanes'
import { describe, expect, test } from 'vitest'
import { addAll, gate, keyBeside, laneSet, laneWorker, recording, settled } from './fixture.ts'

test('a failing head keeps its place while other lanes go on', async () => {
  const lanes = laneSet()
  const others = gate()
  const { seen, handler } = recording((item, turn) => {
    if (turn.lane === 'b' && item.id === '2') others.open()
    if (turn.lane === 'a' && item.id === '1' && turn.tries < 3) throw new Error('not yet')
    return undefined
  })
  await addAll(lanes, 'a', ['1', '2'])
  await addAll(lanes, 'b', ['1', '2'])
  laneWorker(lanes, { handler, concurrency: 1, backoffMs: (tries) => tries * 20 })
  await others.opened
  await settled(lanes)
  expect(seen.filter((call) => call.startsWith('a'))).toEqual(['a/1', 'a/1', 'a/1', 'a/1', 'a/2'])
  expect(seen.indexOf('b/2')).toBeLessThan(seen.lastIndexOf('a/1'))
})

test('tries count up for the head and start at 0 for the next', async () => {
  const lanes = laneSet()
  const tries: string[] = []
  await addAll(lanes, 'a', ['1', '2'])
  laneWorker(lanes, {
    handler: async (item, turn) => {
      tries.push(`${item.id}:${turn.tries}:${turn.crashed}`)
      return turn.tries < 2 ? { do: 'retry', afterMs: 0 } : { do: 'commit' }
    },
  })
  await settled(lanes)
  expect(tries).toEqual(['1:0:false', '1:1:false', '1:2:false', '2:0:false', '2:1:false', '2:2:false'])
})

test('with spend: false a try is free', async () => {
  const lanes = laneSet()
  let calls = 0
  await addAll(lanes, 'a', ['1'])
  laneWorker(lanes, {
    attempts: 2,
    handler: async (_item, turn) => {
      expect(turn.tries).toBe(0)
      return ++calls < 6 ? { do: 'retry', afterMs: 0, spend: false } : { do: 'commit' }
    },
  })
  await settled(lanes)
  expect(calls).toBe(6)
  expect(await lanes.deadLetters.list()).toEqual([])
})

test('the effects of a retry take place', async () => {
  const lanes = laneSet()
  const key = keyBeside(lanes, 'a', 'tries')
  await addAll(lanes, 'a', ['1'])
  laneWorker(lanes, {
    handler: async (_item, turn) =>
      turn.tries < 2 ? { do: 'retry', afterMs: 0, effects: [['RPUSH', key, turn.tries]] } : { do: 'commit' },
  })
  await settled(lanes)
  expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['0', '1'])
})

test('an effect that fails in a commit keeps the item and becomes a dead letter after its tries', async () => {
  const lanes = laneSet()
  const key = keyBeside(lanes, 'a', 'text')
  await lanes.connection.set(key, 'no list')
  await addAll(lanes, 'a', ['1', '2'])
  const errors: unknown[] = []
  const { seen, handler } = recording((item) =>
    item.id === '1' ? { do: 'commit', effects: [['RPUSH', key, 'x']] } : undefined,
  )
  laneWorker(lanes, { handler, attempts: 2, onError: (error) => errors.push(error) })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/1', 'a/2'])
  expect(await lanes.deadLetters.get('a', '1')).toMatchObject({ reason: 'attempts_exhausted', tries: 2 })
  expect(String(errors[0])).toContain('WRONGTYPE')
})

describe('backoff', () => {
  test('is a random time up to base x 2^(tries-1), at most the most', () => {
    for (let tries = 1; tries <= 40; tries++) {
      const ms = backoff(tries, 100, 5_000)
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThanOrEqual(Math.min(5_000, 100 * 2 ** (tries - 1)))
    }
  })
})

describe('when the last try did not come to its end', () => {
  const threw = async () => {
    throw new Error('lost')
  }

  test('what is known of it is the end of the item', async () => {
    const lanes = laneSet()
    const asked: number[] = []
    await addAll(lanes, 'a', ['1'])
    laneWorker(lanes, {
      handler: threw,
      attempts: 2,
      backoffMs: () => 0,
      onExhausted: async (_item, turn) => {
        asked.push(turn.tries)
        return asked.length < 3 ? { do: 'retry', afterMs: 0, spend: false } : { do: 'commit' }
      },
    })
    await settled(lanes)
    expect(asked).toEqual([2, 2, 2])
    expect(await lanes.deadLetters.list()).toEqual([])
  })

  test.each([
    ['nothing is known', async () => undefined],
    ['it is to be tried again', async () => ({ do: 'retry', afterMs: 0 }) as const],
    ['the look fails as well', threw],
  ])('and %s, the item is a dead letter', async (_case, onExhausted) => {
    const lanes = laneSet()
    await addAll(lanes, 'a', ['1', '2'])
    laneWorker(lanes, { handler: threw, attempts: 2, backoffMs: () => 0, onExhausted })
    await settled(lanes)
    expect(await lanes.deadLetters.list()).toMatchObject([
      { id: '2', reason: 'attempts_exhausted', tries: 2 },
      { id: '1', reason: 'attempts_exhausted', tries: 2 },
    ])
  })
})
