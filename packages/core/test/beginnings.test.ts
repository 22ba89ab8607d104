import { setTimeout as passed } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Beginnings } from '../src/turns/beginnings.ts'

const TURNS = 500
const AT_ONCE = 64

test('few are beginning at a time, in the order in which they came, and all come to it', async () => {
  const beginnings = new Beginnings()
  const order: number[] = []
  let now = 0
  let most = 0
  await Promise.all(
    Array.from({ length: TURNS }, async (_, n) => {
      const begun = await beginnings.take()
      order.push(n)
      most = Math.max(most, ++now)
      await passed(Math.random() * 3)
      now--
      begun()
      // A turn that is over says so again.
      begun()
    }),
  )
  expect(order).toEqual(Array.from({ length: TURNS }, (_, n) => n))
  expect(most).toBe(AT_ONCE)
})

test('those that never come so far keep nobody waiting for ever', async () => {
  const beginnings = new Beginnings()
  let begun = 0
  await Promise.all(Array.from({ length: 3 * AT_ONCE }, () => beginnings.take().then(() => begun++)))
  expect(begun).toBe(3 * AT_ONCE)
})
