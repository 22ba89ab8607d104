/** One line of a process's metrics. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** Reads Prometheus' text format, as far as prom-client writes it. */
export function readSamples(text: string): Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) throw new Error(`expected a line of Prometheus' text format, got ${line}`)
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
    return {
      name,
      labels: Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, text])),
      value: Number(value),
    }
  })
}

/** What a process tells of itself at its `/metrics`. */
export async function scrape(url: string): Promise<Sample[]> {
  const response = await fetch(`${url}/metrics`)
  const type = response.headers.get('content-type')
  if (!response.ok || type !== 'text/plain; version=0.0.4; charset=utf-8')
    throw new Error(`${url}/metrics: expected 200 and Prometheus' text format, got ${response.status} and ${type}`)
  return readSamples(await response.text())
}

/** The sum of all samples of that name that have these labels; undefined when there is none. */
export function total(
  samples: readonly Sample[],
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const found = samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
}

/** A word, a small number, a status class, a bucket's bound, or a route's pattern. */
const HARMLESS = /^([A-Za-z_]{1,40}|\d{1,3}(\.\d{1,3})?|[1-5]xx|\+Inf|\/[a-z0-9/:_-]{1,60})$/

/** Values of our labels that could be somebody's: an id, a number, a text. */
export function revealing(samples: readonly Sample[]): string[] {
  const ours = samples.filter(({ name }) => name.startsWith('chatlane_'))
  return ours.flatMap(({ labels }) => Object.values(labels)).filter((value) => !HARMLESS.test(value))
}
