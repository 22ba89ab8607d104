import { expect, test } from 'vitest'
import { faultNames, faultsOf, timedFaults } from '../faults/catalog.ts'
import { type FaultEvent, schedule } from '../faults/schedule.ts'

const groupOf = new Map(timedFaults.map(({ name, group }) => [name, group]))
const all = faultNames
const counted = (events: FaultEvent[]) => {
  const counts = new Map<string, number>()
  for (const { fault } of events) counts.set(fault, (counts.get(fault) ?? 0) + 1)
  return counts
}

test('the same seed gives the same schedule, another seed another one', () => {
  expect(schedule(5, 3, all)).toEqual(schedule(5, 3, all))
  expect(schedule(5, 3, all)).not.toEqual(schedule(6, 3, all))
})

test('events come in order of time and are over when the run is', () => {
  for (const minutes of [0.2, 0.8, 20]) {
    const events = schedule(9, minutes, all)
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort((a, b) => a - b))
    expect(events.filter(({ at, ms }) => at + ms > minutes * 60_000)).toEqual([])
  }
})

test('at most one fault of a group is at work at any moment', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const until = new Map<string, number>()
    for (const { fault, at, ms } of schedule(seed, 20, all)) {
      const group = groupOf.get(fault) ?? ''
      expect(at, `${fault}, seed ${seed}`).toBeGreaterThanOrEqual(until.get(group) ?? 0)
      until.set(group, at + ms)
    }
  }
})

test('a worker is frozen for longer than its lease of 15 s', () => {
  const freezes = schedule(3, 20, all).filter(({ fault }) => fault === 'freeze-worker')
  expect(freezes.length).toBeGreaterThan(10)
  expect(freezes.filter(({ ms }) => ms <= 15_000)).toEqual([])
})

test('every fault has its turn: none is left out in 20 minutes, and processes are broken every 6 to 10 s', () => {
  const events = schedule(4, 20, all)
  const counts = counted(events)
  expect(timedFaults.map(({ name }) => [name, (counts.get(name) ?? 0) >= 10])).toEqual(
    timedFaults.map(({ name }) => [name, true]),
  )
  const processes = events.filter(({ fault }) => ['worker', 'api'].includes(groupOf.get(fault) ?? ''))
  expect(processes.length).toBeGreaterThan(120)
})

test('UponAI works for more than two thirds of the time', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const broken = schedule(seed, 20, all).filter(({ fault }) => groupOf.get(fault) === 'uponai')
    const share = broken.reduce((sum, { ms }) => sum + ms, 0) / (20 * 60_000)
    expect(share, `seed ${seed}`).toBeLessThan(1 / 3)
  }
})

test('only what was chosen is scheduled, and nothing when nothing was', () => {
  expect([...counted(schedule(1, 5, ['redis-kill', 'kill-api'])).keys()].sort()).toEqual(['kill-api', 'redis-kill'])
  expect(schedule(1, 5, [])).toEqual([])
})

test('a list of faults: names, patterns, all, none; what is not known is named, with what is', () => {
  expect(faultsOf('kill-api, kill-worker')).toEqual(['kill-worker', 'kill-api'])
  expect(faultsOf('*-half-open')).toEqual(['redis-half-open', 'uponai-half-open', 'twilio-half-open'])
  expect(faultsOf('all')).toEqual(faultNames)
  expect(faultsOf('none')).toEqual([])
  expect(() => faultsOf('kill-api,kil-worker')).toThrow(/kill-worker(.|\n)*got "kil-worker"/)
  expect(() => faultsOf('(')).toThrow('got "("')
})

test('names are unique', () => {
  expect(new Set(faultNames).size).toBe(faultNames.length)
})
