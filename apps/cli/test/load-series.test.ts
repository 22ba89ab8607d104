import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Latencies } from '../src/load/latencies.ts'
import { html } from '../src/load/report/html.ts'
import { seriesOf } from '../src/load/report/series.ts'
import type { Outcome } from '../src/load/result.ts'

const durations = fc.array(fc.double({ min: 0.01, max: 600_000, noNaN: true }), { minLength: 1, maxLength: 300 })

describe('latencies', () => {
  it('have the percentiles of the sorted list, to a thousandth', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(50, 90, 99), (list, percent) => {
        const latencies = new Latencies()
        for (const ms of list) latencies.add(ms)
        const sorted = list.toSorted((a, b) => a - b)
        const rank = Math.max(1, Math.round((percent / 100) * sorted.length))
        const exact = sorted[rank - 1] ?? Number.NaN
        const found = latencies.at(percent)
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.002 + 0.002)
        expect(latencies.summary().count).toBe(list.length)
      }),
    )
  })

  it('of nothing are none', () => {
    expect(new Latencies().summary()).toEqual({ count: 0, p50: null, p90: null, p99: null, max: null })
  })
})

const outcome: fc.Arbitrary<Outcome> = fc
  .record({ at: fc.nat(60_000), accepted: fc.option(fc.nat(20_000)), answered: fc.option(fc.nat(20_000)) })
  .map(({ at, accepted, answered }) => ({
    plannedAt: at,
    ...(accepted !== null && { acceptedAt: at + accepted }),
    ...(accepted !== null && answered !== null && { answeredAt: at + accepted + answered }),
  }))

describe('the plots', () => {
  it('show every message, and in the end nobody waits', () => {
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 200 }), (outcomes) => {
        const { rates, waiting } = seriesOf(outcomes, 60_000)
        const seconds = (waiting[1]?.s ?? 0) - (waiting[0]?.s ?? 0)
        const shown = (line: string) =>
          rates.filter((point) => point.line === line).reduce((sum, { perSecond }) => sum + perSecond * seconds, 0)
        expect(shown('due')).toBeCloseTo(outcomes.length)
        expect(shown('accepted')).toBeCloseTo(outcomes.filter(({ acceptedAt }) => acceptedAt !== undefined).length)
        expect(shown('answered')).toBeCloseTo(outcomes.filter(({ answeredAt }) => answeredAt !== undefined).length)
        expect(waiting.at(-1)?.messages).toBe(0)
        expect(Math.min(...waiting.map(({ messages }) => messages))).toBeGreaterThanOrEqual(0)
        expect(waiting.length).toBeLessThanOrEqual(102)
      }),
    )
  })

  it('show latencies where messages were planned, and their tail up to the slowest', () => {
    const outcomes = [1, 2, 3, 100].map((ms) => ({ plannedAt: 5_500, acceptedAt: 5_500 + ms }))
    const { acceptance, answer, tails } = seriesOf(outcomes, 10_000)
    expect(acceptance.map(({ s, line }) => [s, line])).toEqual([
      [5.5, 'p50'],
      [5.5, 'p90'],
      [5.5, 'p99'],
    ])
    expect(acceptance[0]?.ms).toBeCloseTo(2, 1)
    expect(answer).toEqual([])
    expect(tails.at(-1)).toMatchObject({ tail: 4, line: 'acceptance' })
    expect(tails.at(-1)?.ms).toBeCloseTo(100, 0)
  })
})

it('a page escapes whatever is put into it', () => {
  const name = '<script>"&\'</script>'
  expect(html`<p title="${name}">${[html`<b>${1}</b>`]}</p>`.text).toBe(
    '<p title="&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;"><b>1</b></p>',
  )
})
