import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { burstClock } from '../src/load/plan/bursts.ts'
import { expectedMessages, type PlanSettings, planArrivals, rateOfPeople } from '../src/load/plan/plan.ts'
import { textOf } from '../src/load/plan/texts.ts'
import { meanThinkMs } from '../src/load/plan/think-time.ts'

const settings: PlanSettings = {
  durationMs: 300_000,
  rate: 20,
  messages: { least: 5, most: 5 },
  think: { kind: 'exponential', meanMs: 4_000 },
  smsShare: 40,
  textLength: { least: 20, most: 160 },
  seed: 1,
}

const range = (least: number, most: number) =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most })).map(([a, b]) => ({
    least: Math.min(a, b),
    most: Math.max(a, b),
  }))

const anySettings: fc.Arbitrary<PlanSettings> = fc.record(
  {
    durationMs: fc.constant(300_000),
    rate: fc.integer({ min: 5, max: 40 }),
    messages: range(1, 8),
    think: fc.oneof(
      fc.record({ kind: fc.constant('fixed' as const), ms: fc.integer({ min: 100, max: 20_000 }) }),
      fc.record({ kind: fc.constant('exponential' as const), meanMs: fc.integer({ min: 100, max: 20_000 }) }),
      range(100, 20_000).map(({ least, most }) => ({ kind: 'uniform' as const, leastMs: least, mostMs: most })),
    ),
    burst: fc.record({
      factor: fc.integer({ min: 2, max: 10 }),
      forMs: fc.integer({ min: 1_000, max: 9_000 }),
      everyMs: fc.integer({ min: 10_000, max: 60_000 }),
    }),
    smsShare: fc.integer({ min: 0, max: 100 }),
    textLength: range(1, 200),
    seed: fc.integer({ min: 0, max: 99_999_999 }),
  },
  { requiredKeys: ['durationMs', 'rate', 'messages', 'think', 'smsShare', 'textLength', 'seed'] },
)

const timesOf = (plan: ReturnType<typeof planArrivals>) => plan.flatMap(({ messages }) => messages.map(({ at }) => at))

/** Six standard deviations: whoever says one message says up to `most`, so they come in lumps. */
const tolerance = (expected: number, { messages }: PlanSettings) =>
  6 * Math.sqrt(expected * messages.most) + messages.most

describe('the plan', () => {
  it('has the rate that was asked for, whatever the rest is', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const expected = expectedMessages(settings)
        const found = timesOf(planArrivals(settings)).length
        expect(Math.abs(found - expected)).toBeLessThan(tolerance(expected, settings))
      }),
    )
  })

  it('keeps to its time, to the messages per person, to the lengths of texts and to the share of SMS', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const plan = planArrivals(settings)
        const { messages: count, textLength, durationMs } = settings
        const within = (n: number, { least, most }: { least: number; most: number }) => n >= least && n <= most
        const wrong = plan.filter(
          ({ messages }) =>
            !within(messages.length, { least: 1, most: count.most }) ||
            messages.some(({ at }, n) => at < (messages[n - 1]?.at ?? 0) || at >= durationMs) ||
            !messages.every((message) => within(message.textLength, textLength)),
        )
        expect(wrong).toEqual([])
        const sms = plan.filter(({ channel }) => channel === 'sms').length
        expect(Math.abs(sms - (plan.length * settings.smsShare) / 100)).toBeLessThan(1)
      }),
    )
  })

  it('has the rate from the first second on, and to the last', () => {
    const many = { ...settings, durationMs: 600_000, rate: 50, think: { kind: 'fixed' as const, ms: 30_000 } }
    const times = timesOf(planArrivals(many))
    for (const from of [0, 60_000, 300_000, 540_000]) {
      const inMinute = times.filter((at) => at >= from && at < from + 60_000).length
      expect(Math.abs(inMinute - 3_000)).toBeLessThan(tolerance(3_000, many))
    }
  })

  it('has as many times the rate in a burst, and just the rate outside of it', () => {
    const burst = { factor: 5, forMs: 10_000, everyMs: 60_000 }
    const bursting = { ...settings, durationMs: 600_000, burst }
    const times = timesOf(planArrivals(bursting))
    const within = times.filter((at) => at % 60_000 >= 50_000).length
    expect(Math.abs(within - 10 * 10 * 20 * 5)).toBeLessThan(tolerance(10_000, bursting))
    expect(Math.abs(times.length - within - 10 * 50 * 20)).toBeLessThan(tolerance(10_000, bursting))
  })

  it('pauses as it was told', () => {
    const pausesOf = (think: PlanSettings['think']) =>
      planArrivals({ ...settings, think }).flatMap(({ messages }) =>
        messages.flatMap(({ at }, n) => (n === 0 ? [] : [at - (messages[n - 1]?.at ?? 0)])),
      )
    for (const pause of pausesOf({ kind: 'fixed', ms: 3_000 })) expect(pause).toBeCloseTo(3_000)
    for (const pause of pausesOf({ kind: 'uniform', leastMs: 1_000, mostMs: 2_000 })) {
      expect(pause).toBeGreaterThanOrEqual(999)
      expect(pause).toBeLessThanOrEqual(2_001)
    }
    const pauses = pausesOf({ kind: 'exponential', meanMs: 4_000 })
    const mean = pauses.reduce((sum, pause) => sum + pause, 0) / pauses.length
    expect(Math.abs(mean - 4_000)).toBeLessThan(250)
  })

  it('is the same with the same seed, and another one with another', () => {
    expect(planArrivals(settings)).toEqual(planArrivals(settings))
    expect(planArrivals({ ...settings, seed: 2 })).not.toEqual(planArrivals(settings))
  })

  it('has so many people at a time: those who write, and those who think', () => {
    const think = { kind: 'uniform' as const, leastMs: 5_000, mostMs: 15_000 }
    const people = 400
    const many = { ...settings, think, durationMs: 600_000, rate: rateOfPeople(people, think) }
    const plan = planArrivals(many)
    // Whoever is there for the whole of it, think times and all; the first minutes lack those who had their last word before.
    const at = 300_000
    const there = plan.filter(({ messages }) => {
      const last = messages.at(-1)?.at ?? 0
      return (messages[0]?.at ?? 0) <= at && at < last + meanThinkMs(think)
    })
    expect(Math.abs(there.length - people)).toBeLessThan(6 * Math.sqrt(people))
  })
})

it('the clocks of bursts go forward, and each back to the other', () => {
  const burst = fc.record({
    factor: fc.double({ min: 1.1, max: 100, noNaN: true }),
    forMs: fc.integer({ min: 1, max: 5_000 }),
    everyMs: fc.integer({ min: 5_001, max: 60_000 }),
  })
  const ms = fc.double({ min: 0, max: 10_000_000, noNaN: true })
  fc.assert(
    fc.property(burst, ms, ms, (burst, a, b) => {
      const clock = burstClock(burst)
      expect(clock.realAt(clock.evenAt(a))).toBeCloseTo(a, 2)
      expect(clock.evenAt(Math.max(a, b))).toBeGreaterThanOrEqual(clock.evenAt(Math.min(a, b)))
      expect(clock.evenAt(a)).toBeGreaterThanOrEqual(a - 1e-6)
    }),
  )
})

it('texts are as long as they are to be, hold their mark, and survive being trimmed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), (length) => {
      const text = textOf('abc123-web7-3', length)
      expect(text).toMatch(/^load abc123-web7-3/)
      expect(text).toHaveLength(Math.max(length, 'load abc123-web7-3'.length))
      expect(text.trim()).toBe(text)
    }),
  )
})
