import type { Lanes } from '@chatlane/lanes'
import { expect, test, vi } from 'vitest'
import { addAll, gate, laneSet, laneWorker, recording } from './fixture.ts'

const ago = (ms: number) => Date.now() - ms

/** Waits until the shard's backlog is as expected, and gives it. */
function backlog(lanes: Lanes, isThere: (found: Awaited<ReturnType<Lanes['backlog']>>) => boolean) {
  return vi.waitUntil(
    async () => {
      const found = await lanes.backlog(0)
      return isThere(found) && found
    },
    { timeout: 90_000, interval: 20 },
  )
}

test('an empty lane set has no backlog', async () => {
  expect(await laneSet().backlog(0)).toEqual({
    lanesWithMail: 0,
    waiting: 0,
    active: 0,
    delayed: 0,
    runnableForMs: 0,
    unansweredForMs: 0,
  })
})

test('a lane that no worker has begun counts from when it was woken', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'a', ['1'])
  const found = await backlog(lanes, ({ runnableForMs }) => runnableForMs >= 300)
  expect(found).toMatchObject({ lanesWithMail: 1, waiting: 1, active: 0, delayed: 0 })
})

test('lanes whose pause is over count from its end, whether a worker asked for them or not', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'parked', ['1'])
  await addAll(lanes, 'parked too', ['1'])
  const worker = laneWorker(lanes, { handler: recording(() => ({ do: 'retry', afterMs: 2_000 })).handler })
  await backlog(lanes, ({ delayed }) => delayed === 2)
  await worker.close()
  // No worker is there when the pauses end.
  const overdue = await backlog(lanes, ({ runnableForMs }) => runnableForMs >= 300)
  expect(overdue).toMatchObject({ lanesWithMail: 2, waiting: 0, active: 0, delayed: 2 })
  // A worker that found no place for them put them among the waiting ones.
  await lanes.queue(0).promoteJobs()
  const promoted = await lanes.backlog(0)
  expect(promoted).toMatchObject({ waiting: 2, delayed: 0 })
  expect(promoted.runnableForMs).toBeGreaterThanOrEqual(overdue.runnableForMs)
  laneWorker(lanes, { handler: recording().handler })
  await backlog(lanes, ({ lanesWithMail, runnableForMs }) => lanesWithMail === 0 && runnableForMs === 0)
})

test('a lane whose pause lasts is nothing that a worker could run', async () => {
  const lanes = laneSet()
  await addAll(lanes, 'parked', ['1'])
  const { handler } = recording(() => ({ do: 'retry', afterMs: 600_000 }))
  laneWorker(lanes, { handler })
  await backlog(lanes, ({ delayed }) => delayed === 1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect((await lanes.backlog(0)).runnableForMs).toBe(0)
})

test('while the queue is paused no worker could run anything', async () => {
  const lanes = laneSet()
  await lanes.queue(0).pause()
  await addAll(lanes, 'a', [`${ago(5_000)}-0`])
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await lanes.backlog(0)).toMatchObject({ waiting: 1, runnableForMs: 0 })
})

test('while every worker that is there pauses no worker could run anything; one that does not pause could', async () => {
  const lanes = laneSet()
  const { handler } = recording()
  const paused = laneWorker(lanes, { handler })
  paused.pause()
  // One may be taken all the same.
  await addAll(lanes, 'a', ['1'])
  await addAll(lanes, 'b', ['1'])
  await backlog(lanes, ({ waiting, runnableForMs }) => waiting > 0 && runnableForMs === 0)
  await paused.close()
  await backlog(lanes, ({ runnableForMs }) => runnableForMs > 0)
})

test('what waits behind a slow head is no work for another worker, but unanswered', async () => {
  const lanes = laneSet()
  const slow = gate()
  const { seen, handler } = recording(() => slow.opened.then(() => undefined))
  await addAll(lanes, 'a', [`${ago(3_000)}-0`, ...Array.from({ length: 50 }, (_, i) => `${ago(2_000)}-${i}`)])
  laneWorker(lanes, { handler })
  await vi.waitUntil(() => seen.length === 1, { timeout: 90_000 })
  const found = await lanes.backlog(0)
  expect(found).toMatchObject({ lanesWithMail: 1, active: 1, runnableForMs: 0 })
  expect(found.unansweredForMs).toBeGreaterThanOrEqual(3_000)
  slow.open()
  await backlog(lanes, ({ lanesWithMail, unansweredForMs }) => lanesWithMail === 0 && unansweredForMs === 0)
})

test('with very many lanes the oldest head is the one that the last sweep found', async () => {
  const lanes = laneSet()
  const names = Array.from({ length: 600 }, (_, i) => `lane ${i}`)
  await Promise.all(names.map((name, i) => addAll(lanes, name, [`${ago(i === 300 ? 60_000 : 1_000)}-0`])))
  expect((await lanes.backlog(0)).unansweredForMs).toBe(0)
  const worker = laneWorker(lanes, { handler: recording().handler, sweep: { everyMs: 3_600_000, afterMs: 10_000 } })
  worker.pause()
  await worker.sweep()
  const { lanesWithMail, unansweredForMs } = await lanes.backlog(0)
  expect(lanesWithMail).toBeGreaterThan(500)
  expect(unansweredForMs).toBeGreaterThanOrEqual(60_000)
})
