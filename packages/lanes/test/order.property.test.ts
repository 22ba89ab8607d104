import { type Item, Lanes, type Turn, type Verdict } from '@chatlane/lanes'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { connect, expectNothingLeft, keyBeside, laneSet, laneWorker, prefixOf, settled } from './fixture.ts'

/** A failing run prints its seed; LANES_SEED=<seed> runs it again. */
const seed = Number(process.env.LANES_SEED ?? Date.now() % 2 ** 31)
const ATTEMPTS = 3

type Outcome = 'commit' | 'throw' | 'retry' | 'wait' | 'bury' | 'slow'

const outcome = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Outcome>('commit') },
  ...(['throw', 'retry', 'wait', 'bury', 'slow'] as const).map((name) => ({
    weight: 1,
    arbitrary: fc.constant<Outcome>(name),
  })),
)

const scenario = fc.record({
  shards: fc.integer({ min: 1, max: 4 }),
  workers: fc.integer({ min: 1, max: 4 }),
  concurrency: fc.integer({ min: 1, max: 40 }),
  itemsPerTurn: fc.integer({ min: 1, max: 12 }),
  sendersAtOnce: fc.integer({ min: 1, max: 60 }),
  names: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }), { minLength: 1, maxLength: 60 }),
  items: fc.array(
    fc.record({
      lane: fc.nat(),
      data: fc.string({ maxLength: 20 }),
      repeats: fc.constantFrom(0, 0, 0, 1, 2),
      /** What becomes of each try; `commit` when there is none left. */
      plan: fc.array(outcome, { maxLength: 5 }),
    }),
    { minLength: 200, maxLength: 400 },
  ),
})

interface Expected {
  committed: string[]
  buried: string[]
}

/** What a plan comes to: the reading of the rules that the lanes are held to. */
function endOf(plan: readonly Outcome[]): 'committed' | 'buried' {
  let spent = 0
  for (const step of plan) {
    if (step === 'bury') return 'buried'
    if (step === 'commit' || step === 'slow') return 'committed'
    if (step !== 'wait' && ++spent === ATTEMPTS) return 'buried'
  }
  return 'committed'
}

async function check({ names, items, ...setup }: typeof scenario extends fc.Arbitrary<infer T> ? T : never) {
  const lanes = laneSet({ shards: setup.shards })
  const open = (name: string) =>
    new Lanes({ name, prefix: prefixOf(lanes), shards: setup.shards, connection: connect() })
  const outbox = open('outbox')
  const arrivals = open('arrivals')
  const producers = [lanes, open('test')]

  const perLane = new Map<string, { id: string; item: (typeof items)[number] }[]>()
  const calls = new Map<string, number>()
  for (const [i, item] of items.entries()) {
    const lane = names[item.lane % names.length] ?? ''
    perLane.set(lane, [...(perLane.get(lane) ?? []), { id: `i${i}`, item }])
  }

  const inHand = new Set<string>()
  const overlaps: string[] = []
  const handler = async (item: Item, turn: Turn): Promise<Verdict> => {
    if (inHand.has(turn.lane)) overlaps.push(turn.lane)
    inHand.add(turn.lane)
    try {
      const call = calls.get(item.id) ?? 0
      calls.set(item.id, call + 1)
      const plan = items[Number(item.id.slice(1))]?.plan ?? []
      const step = plan[call] ?? 'commit'
      if (step === 'slow') await new Promise((done) => setTimeout(done, 10))
      else await Promise.resolve()
      if (step === 'throw') throw new Error('as planned')
      if (step === 'retry') return { do: 'retry', afterMs: call }
      if (step === 'wait') return { do: 'retry', afterMs: call, spend: false }
      if (step === 'bury') return { do: 'bury', reason: 'planned', detail: item.data }
      return {
        do: 'commit',
        effects: [['RPUSH', keyBeside(lanes, turn.lane, `committed:${turn.lane}`), item.id]],
        adds: [{ lanes: outbox, lane: turn.lane, id: item.id, data: item.data }],
      }
    } finally {
      inHand.delete(turn.lane)
    }
  }
  const sent = new Map<string, string[]>()
  const arrived = new Map<string, string[]>()
  const options = { concurrency: setup.concurrency, itemsPerTurn: setup.itemsPerTurn, attempts: ATTEMPTS }
  const workers = Array.from({ length: setup.workers }, () =>
    laneWorker(open('test'), { ...options, handler, backoffMs: () => 1 }),
  )
  workers.push(
    laneWorker(outbox, {
      ...options,
      handler: async (item, turn) => {
        sent.set(turn.lane, [...(sent.get(turn.lane) ?? []), item.id])
        return { do: 'commit' }
      },
    }),
    laneWorker(arrivals, {
      ...options,
      handler: async (item, turn) => {
        arrived.set(turn.lane, [...(arrived.get(turn.lane) ?? []), item.id])
        return { do: 'commit' }
      },
    }),
  )

  // Each lane has one sender, who adds one item after the other; its repeats come at the same time from both producers.
  const waiting = [...perLane]
  const statuses: string[] = []
  const send = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [lane, entries] = next
      for (const { id, item } of entries) {
        const dedupe = { id: `sender:${id}`, forMs: 60_000 }
        const tries = Array.from({ length: item.repeats + 1 }, (_, i) =>
          producers[i % 2]?.add(lane, {
            id,
            data: item.data,
            dedupe,
            adds: [{ lanes: arrivals, lane, id, data: '' }],
          }),
        )
        for (const added of await Promise.all(tries)) statuses.push(added?.status ?? '')
      }
    }
  }
  await Promise.all(Array.from({ length: setup.sendersAtOnce }, send))
  await settled(lanes, outbox, arrivals)

  expect(statuses.filter((status) => status === 'added')).toHaveLength(items.length)
  expect(overlaps).toEqual([])
  const letters = await lanes.deadLetters.list(items.length)
  for (const [lane, entries] of perLane) {
    const expected: Expected = { committed: [], buried: [] }
    for (const { id, item } of entries) expected[endOf(item.plan)].push(id)
    const committed = await lanes.connection.lrange(keyBeside(lanes, lane, `committed:${lane}`), 0, -1)
    expect(committed).toEqual(expected.committed)
    expect(sent.get(lane) ?? []).toEqual(expected.committed)
    expect(arrived.get(lane) ?? []).toEqual(entries.map(({ id }) => id))
    const buried = letters.filter((letter) => letter.lane === lane)
    expect(buried.map(({ id }) => id).sort()).toEqual(expected.buried.sort())
  }
  expect(letters).toHaveLength(items.filter(({ plan }) => endOf(plan) === 'buried').length)
  for (const worker of workers) expect(worker.counters).toEqual({ sweeperWakes: 0, fenced: 0, takeOvers: 0 })
  await expectNothingLeft(lanes)
  await expectNothingLeft(outbox)
  await expectNothingLeft(arrivals)
  await Promise.all(workers.map((worker) => worker.close()))
}

test('nothing is lost, doubled or out of order, and a lane is never in two hands', async () => {
  await fc.assert(fc.asyncProperty(scenario, check), { seed, numRuns: 25, endOnFailure: true })
}, 420_000)
