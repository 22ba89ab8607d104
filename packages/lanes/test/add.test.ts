import { keysLike } from '@chatlane/dev'
import { describe, expect, test } from 'vitest'
import { addAll, expectNothingLeft, keyBeside, laneSet, laneWorker, recording, settled } from './fixture.ts'

test('an item waits in its lane until it is handled, and nothing is left of it then', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'a', ['1', '2', '3'])
  expect(await lanes.waiting('a')).toBe(3)
  const { seen, handler } = recording()
  laneWorker(lanes, { handler })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/2', 'a/3'])
  expect(await lanes.waiting('a')).toBe(0)
  await expectNothingLeft(lanes)
})

test.each(['', ' ', 'a b', 'sms:+15550100', 'line\nbreak', '{tag}', '*', 'ünï🦆'])(
  'a lane may be called %j, and data be anything',
  async (lane) => {
    const lanes = laneSet({ shards: 2 })
    const got: string[] = []
    const data = ['', '\n', 'a\nb', '{"json": true}', 'ü🦆', ' 1 0 0 ']
    for (const [i, text] of data.entries()) await lanes.add(lane, { id: `id ${i}`, data: text })
    laneWorker(lanes, {
      handler: async (item, turn) => {
        expect(turn.lane).toBe(lane)
        got.push(`${item.id}=${item.data}`)
        return { do: 'commit' }
      },
    })
    await settled(lanes)
    expect(got).toEqual(data.map((text, i) => `id ${i}=${text}`))
  },
)

describe('dedupe', () => {
  test('a repeat stores nothing and gets the id and the print of the first', async () => {
    const lanes = laneSet()
    const dedupe = { id: 'sender-1', forMs: 60_000 }
    const first = await lanes.add('a', { id: '1', data: 'x', dedupe: { ...dedupe, print: 'p\n1' } })
    expect(first).toEqual({ status: 'added', id: '1' })
    const second = await lanes.add('a', { id: '2', data: 'y', dedupe: { ...dedupe, print: 'other' } })
    expect(second).toEqual({ status: 'duplicate', id: '1', print: 'p\n1' })
    expect(await lanes.waiting('a')).toBe(1)
  })

  test('holds after the item was handled', async () => {
    const lanes = laneSet()
    const { seen, handler } = recording()
    laneWorker(lanes, { handler })
    const options = { id: '1', data: 'x', dedupe: { id: 's', forMs: 60_000 } }
    await lanes.add('a', options)
    await settled(lanes)
    expect(await lanes.add('a', options)).toMatchObject({ status: 'duplicate' })
    await settled(lanes)
    expect(seen).toEqual(['a/1'])
  })

  test('is per lane, whatever colons lane and id have', async () => {
    const lanes = laneSet()
    const add = (lane: string, id: string) => lanes.add(lane, { id: '1', data: '', dedupe: { id, forMs: 60_000 } })
    expect(await add('a', 'b:c')).toMatchObject({ status: 'added' })
    expect(await add('a:b', 'c')).toMatchObject({ status: 'added' })
    expect(await add('a:b:c', '')).toMatchObject({ status: 'added' })
  })

  test('the mark goes after its time', async () => {
    const lanes = laneSet()
    await lanes.add('a', { id: '1', data: '', dedupe: { id: 's', forMs: 5_000 } })
    const [mark] = await keysLike(lanes.connection, `${lanes.shardKeys(0).stem}seen:*`)
    const ttl = await lanes.connection.pttl(mark ?? '')
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(5_000)
  })
})

test('the job of an idle lane is stored in the step that stores the item', async () => {
  const lanes = laneSet()
  await lanes.add('a', { id: '1', data: 'x' })
  await lanes.add('a', { id: '2', data: 'y' })
  const jobs = await lanes.queue(0).getJobs(['wait'])
  expect(jobs.map(({ name, data }) => ({ name, data }))).toEqual([{ name: 'turn', data: { lane: 'a', item: '1\nx' } }])
  const [state] = await lanes.connection.hvals(lanes.shardKeys(0).lanes)
  expect(state?.split(' ')[0]).toBe(jobs[0]?.id)
})

test("the job is in every field what BullMQ's own add would have made of it", async () => {
  const lanes = laneSet()
  const queue = lanes.queue(0)
  const { tag, stem } = lanes.shardKeys(0)
  await lanes.add('a', { id: '1', data: 'x' })
  const theirs = await queue.add('turn', { item: '1\nx', lane: 'a' })
  const [ours] = await queue.getJobs(['wait'], 0, 0, true)
  const stored = async (id: string | undefined) => {
    const { timestamp, ...fields } = await lanes.connection.hgetall(stem + id)
    return { ...fields, hasTime: Number(timestamp) > 1_700_000_000_000 }
  }
  expect(await stored(ours?.id)).toEqual(await stored(theirs.id))
  expect(Number(theirs.id)).toBe(Number(ours?.id) + 1)
  expect(await lanes.connection.lrange(`${tag}:test:wait`, 0, -1)).toEqual([theirs.id, ours?.id])
  expect(await lanes.connection.zrange(`${tag}:test:marker`, '0', '-1', 'WITHSCORES')).toEqual(['0', '0'])
})

test('texts of any kind come through the job as they are', async () => {
  const lanes = laneSet()
  const texts = ['', '"quoted" \\ \n lines', '👩‍👩‍👧 é ߷', '{"a":[]}', '\u0000\u001f\u2028', '/'.repeat(3)]
  for (const [i, data] of texts.entries()) await lanes.add(`lane ${i}`, { id: '1', data })
  const seen: string[] = []
  laneWorker(lanes, {
    handler: async ({ data }) => {
      seen.push(data)
      return { do: 'commit' }
    },
  })
  await settled(lanes)
  expect(seen.toSorted()).toEqual(texts.toSorted())
})

describe('most', () => {
  test('a full lane takes no more, leaves no mark, and does no effects', async () => {
    const lanes = laneSet()
    const key = keyBeside(lanes, 'a', 'count')
    const add = (id: string) =>
      lanes.add('a', { id, data: '', most: 2, dedupe: { id, forMs: 60_000 }, effects: [['INCR', key]] })
    expect(await add('1')).toMatchObject({ status: 'added' })
    expect(await add('2')).toMatchObject({ status: 'added' })
    expect(await add('3')).toEqual({ status: 'full' })
    expect(await lanes.connection.get(key)).toBe('2')
    const { handler } = recording()
    laneWorker(lanes, { handler })
    await settled(lanes)
    expect(await add('3')).toEqual({ status: 'added', id: '3' })
  })
})

describe('effects', () => {
  test('take place with the item, and not again with a repeat', async () => {
    const lanes = laneSet()
    const key = keyBeside(lanes, 'a', 'ledger')
    const options = {
      id: '1',
      data: '',
      dedupe: { id: 's', forMs: 60_000 },
      effects: [['RPUSH', key, 'x', 7] as const],
    }
    await lanes.add('a', options)
    await lanes.add('a', options)
    expect(await lanes.connection.lrange(key, 0, -1)).toEqual(['x', '7'])
  })

  test('the first one can give the id', async () => {
    const lanes = laneSet()
    const key = keyBeside(lanes, 'a', 'ledger')
    const dedupe = { id: 's', forMs: 60_000 }
    const added = await lanes.add('a', { data: 'x', dedupe, effects: [['XADD', key, '*', 'text', 'hi']] })
    const [[id] = []] = await lanes.connection.xrange(key, '-', '+')
    expect(added).toEqual({ status: 'added', id })
    expect(await lanes.add('a', { data: 'x', dedupe, effects: [['XADD', key, '*', 'text', 'hi']] })).toMatchObject({
      id,
    })
  })

  test('one that fails leaves no item and no mark, and what travels along is stored', async () => {
    const lanes = laneSet()
    const key = keyBeside(lanes, 'a', 'text')
    await lanes.connection.set(key, 'no list')
    const dedupe = { id: 's', forMs: 60_000 }
    const [bad, good] = await Promise.allSettled([
      lanes.add('a', { id: '1', data: '', dedupe, effects: [['RPUSH', key, 'x']] }),
      lanes.add('a', { id: '2', data: '' }),
    ])
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('WRONGTYPE') } })
    expect(good).toMatchObject({ status: 'fulfilled', value: { status: 'added' } })
    expect(await lanes.waiting('a')).toBe(1)
    expect(await lanes.add('a', { id: '1', data: '', dedupe })).toMatchObject({ status: 'added' })
  })

  test('one that was to give the id and gives none harms only its own add', async () => {
    const lanes = laneSet()
    const key = keyBeside(lanes, 'a', 'text')
    const [bad, good] = await Promise.allSettled([
      lanes.add('a', { data: '', effects: [['SET', key, 'x']] }),
      lanes.add('a', { id: '2', data: '' }),
    ])
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('no id') } })
    expect(good).toMatchObject({ status: 'fulfilled' })
    expect(await lanes.waiting('a')).toBe(1)
  })
})

test('bad input is refused with what was expected, before anything is stored', async () => {
  const lanes = laneSet()
  await expect(lanes.add('a', { data: '' })).rejects.toThrow('expected an item id, or an effect')
  await expect(lanes.add('a', { id: '', data: '' })).rejects.toThrow('at least one character')
  await expect(lanes.add('a', { id: 'a\nb', data: '' })).rejects.toThrow('no line break')
  for (const forMs of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    await expect(lanes.add('a', { id: '1', data: '', dedupe: { id: 's', forMs } })).rejects.toThrow('dedupe.forMs')
  }
  await expect(lanes.add('a', { id: '1', data: '', most: 0.5 })).rejects.toThrow('most')
  await expect(lanes.add('a', { id: '1', data: '', effects: [['SET', 'elsewhere', 'x']] })).rejects.toThrow('hash tag')
  await expect(laneSet({ shardOf: () => -1 }).add('a', { id: '1', data: '' })).rejects.toThrow('expected 0 to 1023')
  expect(await lanes.waiting('a')).toBe(0)
})
