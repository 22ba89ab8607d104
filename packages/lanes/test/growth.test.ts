import { expect, onTestFinished, test } from 'vitest'
import { Growth } from '../src/growth.ts'
import { gate, laneSet, laneWorker, settled } from './fixture.ts'

test('a fresh worker soon has as many lanes in progress as it may, and never more', async () => {
  const lanes = laneSet()
  const names = Array.from({ length: 300 }, (_, i) => `lane ${i}`)
  await Promise.all(names.map((lane) => lanes.add(lane, { id: '1', data: '' })))
  const open = gate()
  let now = 0
  let most = 0
  laneWorker(lanes, {
    concurrency: 200,
    handler: async () => {
      most = Math.max(most, ++now)
      await open.opened
      now--
      return { do: 'commit' }
    },
  })
  await expect.poll(() => now).toBe(200)
  open.open()
  await settled(lanes)
  expect(most).toBe(200)
})

test('a process that cannot keep up takes less, and more again when it can', async () => {
  const worker = { concurrency: 50 }
  const growth = new Growth([worker], 1_000, 5_000)
  onTestFinished(() => growth.stop())
  await expect.poll(() => worker.concurrency).toBe(1_000)
  const seen: number[] = []
  Object.defineProperty(worker, 'concurrency', { set: (value) => seen.push(value) })
  const until = performance.now() + 1_500
  while (performance.now() < until);
  await expect.poll(() => seen.at(-1)).toBe(1_000)
  expect(seen[0]).toBeLessThan(1_000)
})
