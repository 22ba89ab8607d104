import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ApiMetrics } from '../src/metrics/api-metrics.ts'
import { WorkerMetrics } from '../src/metrics/worker-metrics.ts'

const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `(chatlane_\w+)` \| (\w+) \| (.*?) \| (.*?) \| (.*) \|$/gm)].map(
  ([, name, type, labels, where, help]) => ({ name, type, labels, where, help }),
)

const metric = z.object({ name: z.string(), type: z.string(), help: z.string(), labelNames: z.array(z.string()) })

/** What the page should say of a process's metrics. */
function registered({ registry }: ApiMetrics | WorkerMetrics) {
  return z
    .array(metric)
    .parse(registry.getMetricsAsArray())
    .filter(({ name }) => name.startsWith('chatlane_'))
    .map(({ name, type, help, labelNames }) => ({
      name,
      type,
      labels: labelNames.map((label) => `\`${label}\``).join(', ') || '–',
      help,
    }))
}

const redis = { problem: async () => undefined }
const api = registered(
  new ApiMetrics({
    redis,
    lanes: [],
    streams: { size: 0 },
    optOuts: { count: async () => 0 },
    overdueClosings: async () => 0,
  }),
)
const worker = registered(new WorkerMetrics(redis))

const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
  String(a.name).localeCompare(String(b.name))

test('the page and the processes have the same metrics, with the same words', () => {
  const names = (of: typeof api) => new Set(of.map(({ name }) => name))
  const where = (name: string) =>
    [names(api).has(name) && 'api', names(worker).has(name) && 'worker'].filter(Boolean).join(', ')
  const all = [...api, ...worker.filter(({ name }) => !names(api).has(name))]
  const expected = all.map((each) => ({ ...each, where: where(each.name) }))
  expect(rows.toSorted(byName)).toEqual(expected.toSorted(byName))
})

test('what is the same in both is told in the same words by both', () => {
  for (const each of api) expect(worker.find(({ name }) => name === each.name) ?? each).toEqual(each)
})

test('the rules name only metrics that are there', () => {
  const known = new Set([...api, ...worker].map(({ name }) => name))
  const rules = page.split('## Alerts')[1] ?? ''
  const named = [...rules.matchAll(/chatlane_\w+/g)].map(([name]) => name)
  expect(named.length).toBeGreaterThan(0)
  for (const name of named) expect(known).toContain(name.replace(/_(bucket|count|sum)$/, ''))
})
