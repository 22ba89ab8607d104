import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LaneCounters, Lanes } from '@chatlane/lanes'
import { expect, onTestFinished, test, vi } from 'vitest'
import { addAll, expectNothingLeft, keyBeside, laneSet, prefixOf, settled } from './fixture.ts'

const LEASE_MS = 1_000

function startWorker(lanes: Lanes, attempts = 8): ChildProcess {
  const file = fileURLToPath(new URL('./child-worker.ts', import.meta.url))
  const args = ['--conditions=chatlane-source', file, prefixOf(lanes), String(LEASE_MS), String(attempts)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.pipe(process.stderr, { end: false })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

interface Noted {
  pid: number
  id: string
  crashed: boolean
}

async function logOf(lanes: Lanes): Promise<Noted[]> {
  const texts = await lanes.connection.lrange(`{${prefixOf(lanes)}}:log`, 0, -1)
  return texts.map((text) => JSON.parse(text))
}

function resultOf(lanes: Lanes, lane: string): Promise<string[]> {
  return lanes.connection.lrange(keyBeside(lanes, lane, `result:${lane}`), 0, -1)
}

/** Ends the workers in good order; what they counted. */
async function countersOf(lanes: Lanes, children: ChildProcess[]): Promise<(LaneCounters & { pid: number })[]> {
  const ended = children.map((child) => once(child, 'exit'))
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(ended)
  const texts = await lanes.connection.lrange(`{${prefixOf(lanes)}}:counters`, 0, -1)
  return texts.map((text) => JSON.parse(text))
}

function sum(counters: LaneCounters[], name: keyof LaneCounters): number {
  return counters.reduce((total, counter) => total + counter[name], 0)
}

test('workers killed and frozen again and again lose, double and reorder nothing', async () => {
  const lanes = laneSet({ shards: 2 })
  const names = Array.from({ length: 30 }, (_, i) => `lane ${i}`)
  const ids = Array.from({ length: 80 }, (_, i) => `${i}`)
  let workers = [startWorker(lanes), startWorker(lanes)]
  const adding = Promise.all(names.map((lane) => addAll(lanes, lane, ids)))
  const handled = async (count: number) =>
    vi.waitUntil(async () => (await lanes.connection.llen(`{${prefixOf(lanes)}}:log`)) >= count, { timeout: 90_000 })

  for (const count of [200, 600, 1_000]) {
    await handled(count)
    const [victim, frozen] = workers
    if (!victim || !frozen) throw new Error('expected two workers')
    victim.kill('SIGKILL')
    frozen.kill('SIGSTOP')
    const fresh = startWorker(lanes)
    await handled(count + 250)
    frozen.kill('SIGCONT')
    workers = [frozen, fresh]
  }
  await adding
  await settled(lanes)
  for (const lane of names) {
    expect((await resultOf(lanes, lane)).map((text) => text.split(' ')[0])).toEqual(ids)
  }
  const log = await logOf(lanes)
  const counters = await countersOf(lanes, workers)
  expect(log.some(({ crashed }) => crashed)).toBe(true)
  expect(counters).toHaveLength(2)
  expect(sum(counters, 'sweeperWakes')).toBe(0)
  await expectNothingLeft(lanes)
})

test('a worker frozen for longer than its lease commits nothing; the take-over is counted and its item in doubt', async () => {
  const lanes = laneSet({ shards: 2 })
  const frozen = startWorker(lanes)
  await lanes.add('a', { id: '1', data: 'slow' })
  await addAll(lanes, 'a', ['2', '3'])
  await vi.waitUntil(async () => (await logOf(lanes)).length === 1, { timeout: 60_000 })
  frozen.kill('SIGSTOP')
  const other = startWorker(lanes)
  await settled(lanes)
  frozen.kill('SIGCONT')
  const counters = await countersOf(lanes, [frozen, other])

  expect(await logOf(lanes)).toEqual([
    { pid: frozen.pid, id: '1', crashed: false },
    { pid: other.pid, id: '1', crashed: true },
    { pid: other.pid, id: '2', crashed: false },
    { pid: other.pid, id: '3', crashed: false },
  ])
  expect(await resultOf(lanes, 'a')).toEqual(['1', '2', '3'].map((id) => `${id} ${other.pid}`))
  const byPid = new Map(counters.map(({ pid, ...rest }) => [pid, rest]))
  expect(byPid.get(frozen.pid ?? 0)).toEqual({ sweeperWakes: 0, fenced: 1, takeOvers: 0 })
  expect(byPid.get(other.pid ?? 0)).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 1 })
})

test('an item that kills every worker becomes a dead letter, and its lane goes on', async () => {
  const lanes = laneSet({ shards: 2 })
  await lanes.add('a', { id: 'poison', data: 'kill me' })
  await addAll(lanes, 'a', ['next'])
  let respawn = true
  let worker = startWorker(lanes, 2)
  const revive = () => {
    if (!respawn) return
    worker = startWorker(lanes, 2)
    worker.once('exit', revive)
  }
  worker.once('exit', revive)
  await settled(lanes)
  respawn = false
  const [counters] = await countersOf(lanes, [worker])

  const log = await logOf(lanes)
  expect(log.map(({ id, crashed }) => [id, crashed])).toEqual([
    ['poison', false],
    ['poison', true],
    ['next', false],
  ])
  const detail = expect.stringMatching(/^the worker died or lost its lease/)
  expect(await lanes.deadLetters.list()).toMatchObject([
    { id: 'poison', reason: 'attempts_exhausted', detail, tries: 2, history: [{ detail }, { detail }] },
  ])
  expect(counters).toMatchObject({ sweeperWakes: 0, takeOvers: 1 })
})
