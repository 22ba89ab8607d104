import { startRedisServer } from '@chatlane/dev'
import { expect, onTestFinished, test } from 'vitest'
import { addAll, connect, gate, laneSet, laneWorker, recording, settled } from './fixture.ts'

test('finishes the item in hand and leaves the rest to others', async () => {
  const lanes = laneSet()
  const [began, resume] = [gate(), gate()]
  const first = recording(async (_item, turn) => {
    began.open()
    await resume.opened
    expect(turn.signal.aborted).toBe(false)
    return undefined
  })
  const all = ['1', '2', '3', '4', '5']
  await addAll(lanes, 'a', all)
  const worker = laneWorker(lanes, { handler: first.handler })
  await began.opened
  const closed = worker.close()
  resume.open()
  await closed
  expect(worker.inProgress).toBe(0)
  // A job that was on its way when the closing began is one item more.
  expect(await lanes.waiting('a')).toBeGreaterThanOrEqual(3)

  const tries: number[] = []
  const second = recording((_item, turn) => {
    tries.push(turn.tries)
    return undefined
  })
  const other = laneWorker(lanes, { handler: second.handler })
  await settled(lanes)
  expect([...first.seen, ...second.seen]).toEqual(all.map((id) => `a/${id}`))
  expect(new Set(tries)).toEqual(new Set([0]))
  expect(other.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })
})

test('hands back after the grace time, at no cost to the item', async () => {
  const lanes = laneSet()
  const began = gate()
  await addAll(lanes, 'a', ['1', '2'])
  const worker = laneWorker(lanes, {
    handler: async (_item, turn) => {
      began.open()
      await new Promise((_, reject) => turn.signal.addEventListener('abort', () => reject(turn.signal.reason)))
      return { do: 'commit' }
    },
  })
  await began.opened
  await worker.close(50)
  expect(worker.inProgress).toBe(0)

  const tries: unknown[] = []
  const other = laneWorker(lanes, {
    handler: async (item, turn) => {
      tries.push([item.id, turn.tries, turn.crashed])
      return { do: 'commit' }
    },
  })
  await settled(lanes)
  expect(tries).toEqual([
    ['1', 0, false],
    ['2', 0, false],
  ])
  expect(other.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })
})

test('does not wait for a handler that will not stop; its item goes to another worker, its commit nowhere', async () => {
  const lanes = laneSet()
  const [began, resume] = [gate(), gate()]
  const stubborn = recording(async () => {
    began.open()
    await resume.opened
    return undefined
  })
  await addAll(lanes, 'a', ['1', '2'])
  const worker = laneWorker(lanes, { handler: stubborn.handler, leaseMs: 600 })
  await began.opened
  await worker.close(50)
  expect(worker.inProgress).toBe(1)

  const { seen, handler } = recording()
  const other = laneWorker(lanes, { handler, leaseMs: 600 })
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/2'])
  expect(other.counters.takeOvers).toBe(1)
  resume.open()
  expect(await lanes.connection.ping()).toBe('PONG')
  await addAll(lanes, 'a', ['3'])
  await settled(lanes)
  expect(seen).toEqual(['a/1', 'a/2', 'a/3'])
  expect(stubborn.seen).toEqual(['a/1'])
})

test('twice is the same as once', async () => {
  const lanes = laneSet()
  const worker = laneWorker(lanes, recording())
  await worker.ready()
  await Promise.all([worker.close(), worker.close()])
  await worker.close()
})

test("resolves when Redis is away, and the client stays the caller's", async () => {
  const server = await startRedisServer()
  onTestFinished(() => server.stop())
  const connection = connect(server.url)
  const lanes = laneSet({ connection })
  const [began, resume] = [gate(), gate()]
  await addAll(lanes, 'a', ['1', '2'])
  await addAll(lanes, 'b', ['1'])
  const worker = laneWorker(lanes, {
    leaseMs: 600,
    handler: async () => {
      began.open()
      await resume.opened
      return { do: 'commit' }
    },
  })
  await began.opened
  await server.kill()
  resume.open()
  await worker.close(100)

  await server.start()
  expect(await connection.ping()).toBe('PONG')
  const { seen, handler } = recording()
  const other = laneWorker(lanes, { handler, leaseMs: 600 })
  await settled(lanes)
  await addAll(lanes, 'c', ['1'])
  await settled(lanes)
  expect(seen.filter((call) => call !== 'a/1' && call !== 'b/1')).toEqual(['a/2', 'c/1'])
  expect(other.counters.sweeperWakes).toBe(0)
})
