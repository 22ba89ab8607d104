import { connectTestRedis, freshPrefix, keysLike } from '@chatlane/dev'
import fc from 'fast-check'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { isOptOutCursor, OptOuts, pairOf } from '../src/conversations/opt-outs.ts'

const redis = connectTestRedis()
afterAll(() => redis.disconnect())

let prefix: string
let optOuts: OptOuts
beforeEach(() => {
  prefix = freshPrefix()
  optOuts = new OptOuts(redis, prefix)
})

const ana = { sender: '+15005550006', participant: '+14155550123' }
const bob = { sender: '+15005550006', participant: '+14155550124' }

test('an opt-out is of one person and one sender', async () => {
  expect(await optOuts.add(ana, 'person')).toBe(true)
  expect(await optOuts.add(ana, 'carrier')).toBe(false)
  expect(await optOuts.has(ana)).toBe(true)
  expect(await optOuts.has(bob)).toBe(false)
  expect(await optOuts.has({ ...ana, sender: '+15005550007' })).toBe(false)
  expect(await optOuts.count()).toBe(1)
  expect(await optOuts.remove(ana)).toBe(true)
  expect(await optOuts.remove(ana)).toBe(false)
  expect(await optOuts.has(ana)).toBe(false)
})

test('it is of a Messaging Service where there is one, and of SMS and RCS alike; WhatsApp is apart', async () => {
  const service = 'MG0123456789abcdef0123456789abcdef'
  await optOuts.add(pairOf({ to: 'rcs:+14155550123', from: 'rcs:brand', service }), 'person')
  expect(await optOuts.has(pairOf({ to: '+14155550123', from: '+15005550006', service }))).toBe(true)
  expect(await optOuts.has(pairOf({ to: '+14155550123', from: '+15005550006' }))).toBe(false)
  expect(await optOuts.has(pairOf({ to: 'whatsapp:+14155550123', from: 'whatsapp:+15005550006', service }))).toBe(false)
})

test('what is said late or again undoes nothing that was said after it', async () => {
  await optOuts.add(ana, 'person', '1000-0')
  await optOuts.remove(ana, '2000-0')
  await optOuts.add(ana, 'person', '1000-0')
  expect(await optOuts.has(ana)).toBe(false)
  await optOuts.add(ana, 'person', '3000-0')
  await optOuts.remove(ana, '2000-0')
  expect(await optOuts.has(ana)).toBe(true)
})

test('a refusal of what was queued before a START says nothing of the time after it', async () => {
  await optOuts.add(ana, 'person', '1000-0')
  await optOuts.remove(ana, '2000-0')
  await optOuts.add(ana, 'carrier', '1500-0')
  expect(await optOuts.has(ana)).toBe(false)
  await optOuts.add(ana, 'carrier', '2500-0')
  expect(await optOuts.has(ana)).toBe(true)
})

test('what was queued before an opt-out was lifted stays blocked, what comes after it is not', async () => {
  expect(await optOuts.blocks(ana, '900-0')).toBe(false)
  await optOuts.add(ana, 'person', '1000-0')
  expect(await optOuts.blocks(ana, '900-0')).toBe(true)
  expect(await optOuts.blocks(ana, '1500-0')).toBe(true)
  await optOuts.remove(ana, '2000-1')
  expect(await optOuts.blocks(ana, '900-0')).toBe(true)
  expect(await optOuts.blocks(ana, '2000-0')).toBe(true)
  expect(await optOuts.blocks(ana, '2000-2')).toBe(false)
  expect(await optOuts.blocks(bob, '900-0')).toBe(false)
})

test('nothing is left of a lifted opt-out but a note that goes by itself', async () => {
  await optOuts.add(ana, 'person')
  await optOuts.remove(ana)
  const keys = (await keysLike(redis, '*')).filter((key) => key.includes(prefix))
  expect(keys).toHaveLength(1)
  expect(await redis.pttl(keys[0] ?? '')).toBeGreaterThan(23 * 3_600_000)
})

test('any order of changes, each made any number of times, ends as the last of them says', async () => {
  const change = fc.record({ out: fc.boolean(), again: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
      const pair = { ...ana, sender: `s${Math.random()}` }
      const make = (i: number) => {
        const entry = `${1_000 + i}-0`
        return changes[i]?.out ? optOuts.add(pair, 'person', entry) : optOuts.remove(pair, entry)
      }
      for (const [i, { again }] of changes.entries()) {
        await make(i)
        // Repeats of earlier ones, in whatever order.
        for (const back of again) if (back <= i) await make(i - back)
        expect(await optOuts.has(pair)).toBe(changes[i]?.out)
      }
    }),
    { numRuns: 40 },
  )
})

test('the list has each once, whatever the size of the pages', async () => {
  const all = Array.from({ length: 700 }, (_, n) => `+1415555${String(n).padStart(4, '0')}`)
  await Promise.all(all.map((participant) => optOuts.add({ ...ana, participant }, 'operator')))
  for (const limit of [33, 1_000]) {
    const found: string[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await optOuts.list({ limit, ...(cursor !== undefined && { cursor }) })
      expect(page.optOuts.length).toBeLessThanOrEqual(limit)
      found.push(...page.optOuts.map(({ participant }) => participant))
      cursor = page.next
      if (cursor === undefined) break
      expect(isOptOutCursor(cursor)).toBe(true)
    }
    expect(found.toSorted()).toEqual(all)
  }
  expect(isOptOutCursor('0')).toBe(false)
  const { optOuts: some } = await optOuts.list({ limit: 1 })
  expect(some[0]).toMatchObject({ sender: '+15005550006', by: 'operator' })
  expect(Math.abs((some[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000)
})

test('whatever is stored, it is listed, it holds, and it can be lifted', async () => {
  const stored = ['9007199254740991 person', `${'9'.repeat(40)} carrier`, 'garbage', '', '17 nobody', '-1 person']
  const pairs = stored.map((_, i) => ({ sender: ana.sender, participant: `+1415555010${i}` }))
  for (const [i, value] of stored.entries())
    await redis.hset(`{${prefix}:optouts}`, `${ana.sender}\n+1415555010${i}`, value)
  await redis.hset(`{${prefix}:optouts}`, 'no pair', '17 person')
  const { optOuts: listed } = await optOuts.list({ limit: 10 })
  expect(listed).toHaveLength(stored.length + 1)
  expect(listed).toContainEqual({ ...pairs[0], by: 'person', at: 9_007_199_254_740 })
  expect(listed).toContainEqual({ ...pairs[2], by: undefined, at: undefined })
  for (const [i, pair] of pairs.entries()) {
    expect(await optOuts.has(pair)).toBe(true)
    // By the person's START, and by an operator.
    expect(await optOuts.remove(pair, ...(i % 2 === 0 ? [`${Date.now()}-0`] : []))).toBe(true)
    expect(await optOuts.has(pair)).toBe(false)
  }
})
