import { keysLike } from '@chatlane/dev'
import type { DeadLetter } from '@chatlane/lanes'
import { describe, expect, test, vi } from 'vitest'
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
    history: Array(3).fill({ at: expect.any(Number), detail: 'no good' }),
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

test('onBury can leave a note with the dead letter', async () => {
  const lanes = laneSet()
  laneWorker(lanes, { handler: failing.handler, attempts: 1, onBury: ({ detail }) => ({ note: `after: ${detail}` }) })
  await addAll(lanes, 'a', ['1'])
  await settled(lanes)
  expect(await lanes.deadLetters.get('a', '1')).toMatchObject({ note: 'after: no good' })
})

describe('the history', () => {
  test('has the tries that failed, each with its own words, and begins anew with the next item', async () => {
    const lanes = laneSet()
    const { handler } = recording((item, turn) => {
      if (item.id === 'good') return turn.tries < 1 ? { do: 'retry', afterMs: 0, detail: 'almost' } : undefined
      if (turn.tries === 0) return { do: 'retry', afterMs: 0, detail: `${item.id} first` }
      if (turn.tries === 1) throw new Error(`${item.id} second`)
      return { do: 'bury', reason: 'r', detail: `${item.id} third` }
    })
    await addAll(lanes, 'a', ['1', 'good', '2'])
    laneWorker(lanes, { handler, backoffMs: () => 0 })
    await settled(lanes)
    for (const id of ['1', '2']) {
      const letter = await lanes.deadLetters.get('a', id)
      expect(letter?.history.map(({ detail }) => detail)).toEqual([`${id} first`, `${id} second`, `${id} third`])
      expect(letter?.history.at(-1)?.at).toBe(letter?.at)
      expect(letter?.tries).toBe(3)
    }
    await expectNothingLeft(lanes)
  })

  test('leaves out tries that were free', async () => {
    const lanes = laneSet()
    let calls = 0
    laneWorker(lanes, {
      handler: async () =>
        ++calls < 4
          ? { do: 'retry', afterMs: 0, spend: false, detail: 'not yet' }
          : { do: 'bury', reason: 'r', detail: 'no' },
    })
    await addAll(lanes, 'a', ['1'])
    await settled(lanes)
    expect((await lanes.deadLetters.get('a', '1'))?.history.map(({ detail }) => detail)).toEqual(['no'])
  })

  test('is bounded: the last 20 tries, and of each the first 500 characters', async () => {
    const lanes = laneSet()
    let kept = 0
    const { handler } = recording(async (_item, turn) => {
      kept = await lanes.connection.llen(`${lanes.shardKeys(0).stem}tried:a`)
      throw new Error(`${turn.tries} ${'x'.repeat(600)}`)
    })
    laneWorker(lanes, { handler, attempts: 25, backoffMs: () => 0 })
    await addAll(lanes, 'a', ['1'])
    await settled(lanes)
    const letter = await lanes.deadLetters.get('a', '1')
    expect(letter?.tries).toBe(25)
    expect(kept).toBe(20)
    expect(letter?.history.map(({ detail }) => parseInt(detail, 10))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 5),
    )
    expect(Math.max(...(letter?.history ?? []).map(({ detail }) => detail.length))).toBe(500)
  })

  test('is kept with an expiry while the item is tried', async () => {
    const lanes = laneSet()
    let left = 0
    const { handler } = recording(async (_item, turn) => {
      if (turn.tries === 0) return { do: 'retry', afterMs: 0, detail: 'not yet' }
      left = await lanes.connection.ttl(`${lanes.shardKeys(0).stem}tried:a`)
      return undefined
    })
    laneWorker(lanes, { handler })
    await addAll(lanes, 'a', ['1'])
    await settled(lanes)
    expect(left).toBeGreaterThan(29 * 86_400)
    await expectNothingLeft(lanes)
  })

  test('of a replayed item begins anew', async () => {
    const lanes = laneSet()
    laneWorker(lanes, { handler: failing.handler, attempts: 2, backoffMs: () => 0 })
    await addAll(lanes, 'a', ['1'])
    await settled(lanes)
    await lanes.deadLetters.replay('a', '1')
    await settled(lanes)
    expect((await lanes.deadLetters.get('a', '1'))?.history).toHaveLength(2)
  })
})

test('items that succeed at once cost nothing for it', async () => {
  const lanes = laneSet()
  const sent = vi.spyOn(lanes.connection, 'sendCommand')
  let tries = 0
  const { handler } = recording((item) =>
    item.id === '3' && ++tries === 1 ? { do: 'retry', afterMs: 0, detail: 'not yet' } : undefined,
  )
  laneWorker(lanes, { handler })
  const mentions = () =>
    sent.mock.calls.filter(([{ args }]) => args.some((arg) => String(arg).includes(':tried:'))).length
  await addAll(lanes, 'a', ['1', '2'])
  await settled(lanes)
  expect(sent).toHaveBeenCalled()
  expect(mentions()).toBe(0)
  await addAll(lanes, 'a', ['3'])
  await settled(lanes)
  expect(mentions()).toBe(2)
})

describe('list', () => {
  test('newest first over all shards, page by page', async () => {
    const lanes = laneSet({ shards: 2, shardOf: (lane) => (lane === 'a' ? 0 : 1) })
    laneWorker(lanes, { handler: failing.handler, attempts: 1 })
    for (const id of ['1', '2', '3']) {
      for (const lane of ['a', 'b']) await lanes.add(lane, { id, data: id })
      await settled(lanes)
    }
    const all = await lanes.deadLetters.list()
    expect(all).toHaveLength(6)
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort((a, b) => b - a))
    for (const limit of [1, 2, 4, 6, 7]) {
      const pages: DeadLetter[] = []
      for (let last: DeadLetter | undefined; ; last = pages.at(-1)) {
        const page = await lanes.deadLetters.list(limit, last)
        if (page.length === 0) break
        pages.push(...page)
      }
      expect(pages).toEqual(all)
    }
  })

  test('pages lose and repeat nothing when many died in the same millisecond', async () => {
    const lanes = laneSet({ shards: 2, shardOf: (lane) => (lane === 'a' ? 0 : 1) })
    const ids = Array.from({ length: 25 }, (_, i) => `${i}`)
    for (const lane of ['a', 'b']) {
      for (const id of ids) {
        const letter = { lane, id, data: '', reason: 'r', detail: 'd', tries: 1, history: [], at: 1_700_000_000_000 }
        for (const [command, key, ...args] of lanes.deadLetters.keep(letter)) {
          if (command !== 'ZREMRANGEBYSCORE') await lanes.connection.call(command, key, ...args)
        }
      }
    }
    const pages: DeadLetter[] = []
    for (let last: DeadLetter | undefined; ; last = pages.at(-1)) {
      const page = await lanes.deadLetters.list(3, last)
      if (page.length === 0) break
      pages.push(...page)
    }
    expect(pages.map(({ lane, id }) => `${lane}${id}`).sort()).toEqual(
      ['a', 'b'].flatMap((l) => ids.map((id) => l + id)).sort(),
    )
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
    expect(await lanes.deadLetters.replay('a', '1', { effects: [['INCR', key]] })).toBe(true)
    expect(await lanes.deadLetters.get('a', '1')).toBeUndefined()
    expect(await lanes.deadLetters.list()).toEqual([])
    laneWorker(lanes, { handler })
    await settled(lanes)
    expect(seen).toEqual(['a/2', 'a/1'])
    expect(await lanes.connection.get(key)).toBe('1')
  })

  test('can put another text in place of the old one', async () => {
    const lanes = laneSet()
    const texts: string[] = []
    laneWorker(lanes, {
      handler: async ({ data }) => {
        texts.push(data)
        return data === 'old' ? { do: 'bury', reason: 'r', detail: 'd' } : { do: 'commit' }
      },
    })
    await lanes.add('a', { id: '1', data: 'old' })
    await settled(lanes)
    expect(await lanes.deadLetters.replay('a', '1', { data: 'new' })).toBe(true)
    await settled(lanes)
    expect(texts).toEqual(['old', 'new'])
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
  const [key] = await keysLike(lanes.connection, `${lanes.shardKeys(0).dead}*`)
  expect(await lanes.connection.ttl(key ?? '')).toBeGreaterThan(29 * 86_400)
})
