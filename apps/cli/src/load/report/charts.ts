import type { TopLevelSpec } from 'vega-lite'
import type { LatencyPoint, RatePoint, Series, TailPoint } from './series.ts'

/** In CSS pixels. */
export interface Size {
  width: number
  height: number
}

export interface Chart {
  title: string
  /** What it shows, in a sentence. */
  caption: string
  spec: (size: Size) => TopLevelSpec
}

/** A duration on an axis: `5 ms`, `1.5 s`. */
const DURATION = "datum.value >= 1000 ? format(datum.value / 1000, '~g') + ' s' : format(datum.value, '~g') + ' ms'"
const SHARE = "format((1 - 1 / datum.value) * 100, '.7~g') + '%'"

const LINES = ['var(--line-1)', 'var(--line-2)', 'var(--line-3)']

/** Fewer points than this are shown as such: a single one makes no line. */
const FEW = 12

/** The plots of a report; their colours are the page's, so that they follow its light and dark. */
export function chartsOf(series: Series): Chart[] {
  return [
    {
      title: 'Answers, over time',
      caption: 'From the planned time of a message to its answer in the ledger; logarithmic.',
      spec: (size) => latencySpec(series.answer, size),
    },
    {
      title: 'Acceptance, over time',
      caption: 'From the planned time of a message to the 2xx for it; logarithmic.',
      spec: (size) => latencySpec(series.acceptance, size),
    },
    {
      title: 'Distribution',
      caption: 'So many of all messages were at least as fast as this; both axes are logarithmic.',
      spec: (size) => tailSpec(series.tails, size),
    },
    {
      title: 'Messages per second',
      caption: 'When they were due, accepted and answered.',
      spec: (size) => rateSpec(series.rates, size),
    },
    {
      title: 'Waiting',
      caption: 'Messages that were accepted and not yet answered. Those that were never answered are left out.',
      spec: (size) => waitingSpec(series.waiting, size),
    },
  ]
}

const SECONDS = {
  field: 's',
  type: 'quantitative',
  title: 'seconds',
  scale: { nice: false, zero: true },
  axis: { format: ',.1~f' },
} as const

/** A logarithmic axis with marks at 1, 2, 5, 10, 20, 50 and so on: vega's own are too many or too few. */
function durations(points: readonly { ms: number }[]) {
  const least = points.reduce((least, { ms }) => Math.min(least, ms), Number.POSITIVE_INFINITY)
  const most = points.reduce((most, { ms }) => Math.max(most, ms), 1)
  const values = MARKS.filter((_, n) => (MARKS[n + 1] ?? 0) > least && (MARKS[n - 1] ?? 0) < most)
  const scale = { type: 'log', nice: false, domainMin: values[0] ?? 1, domainMax: values.at(-1) ?? 1_000 } as const
  const axis = { values, labelExpr: DURATION, labelOverlap: 'parity' } as const
  return { field: 'ms', type: 'quantitative', title: null, scale, axis } as const
}

const MARKS = [0.1, ...Array.from({ length: 8 }, (_, n) => [0.2, 0.5, 1].map((step) => step * 10 ** n)).flat()]

function colours(domain: string[]) {
  const legend = { title: null, orient: 'top', symbolType: 'stroke', symbolStrokeWidth: 3 } as const
  return { field: 'line', type: 'nominal', legend, scale: { domain, range: LINES } } as const
}

function lines(points: number) {
  return { type: 'line', strokeWidth: 2, strokeJoin: 'round', point: points < FEW } as const
}

function latencySpec(values: LatencyPoint[], size: Size): TopLevelSpec {
  const color = colours(['p50', 'p90', 'p99'])
  return {
    ...base(size),
    data: { values },
    mark: lines(values.length / 3),
    encoding: { x: SECONDS, y: durations(values), color },
  }
}

function tailSpec(values: TailPoint[], size: Size): TopLevelSpec {
  const most = values.reduce((most, { tail }) => Math.max(most, tail), 10)
  const marks = [2, 10, 100, 1_000, 10_000, 100_000].filter((tail) => tail <= most)
  const x = {
    field: 'tail',
    type: 'quantitative',
    title: 'of all messages',
    scale: { type: 'log', nice: false, domainMin: 1, domainMax: most },
    axis: { values: marks, labelExpr: SHARE },
  } as const
  const color = colours(['acceptance', 'answer'])
  return {
    ...base(size),
    data: { values },
    mark: lines(values.length / 2),
    encoding: { x, y: durations(values), color },
  }
}

function rateSpec(values: RatePoint[], size: Size): TopLevelSpec {
  const y = { field: 'perSecond', type: 'quantitative', title: null, axis: { tickCount: 5 } } as const
  const color = colours(['due', 'accepted', 'answered'])
  return { ...base(size), data: { values }, mark: lines(values.length / 3), encoding: { x: SECONDS, y, color } }
}

function waitingSpec(values: Series['waiting'], size: Size): TopLevelSpec {
  const y = { field: 'messages', type: 'quantitative', title: null, axis: { tickCount: 5, tickMinStep: 1 } } as const
  const mark = { type: 'area', color: 'var(--line-1)', fillOpacity: 0.35, line: { color: 'var(--line-1)' } } as const
  return { ...base(size), data: { values }, mark, encoding: { x: SECONDS, y } }
}

function base({ width, height }: Size) {
  return {
    width,
    height,
    background: 'transparent',
    padding: { left: 0, top: 0, right: 4, bottom: 6 },
    autosize: { type: 'fit', contains: 'padding' },
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      axis: {
        labelColor: 'var(--faint)',
        titleColor: 'var(--faint)',
        titleFontWeight: 'normal',
        labelFontSize: 12,
        titleFontSize: 12,
        gridColor: 'var(--grid)',
        domain: false,
        ticks: false,
        labelPadding: 6,
      },
      axisX: { grid: false, domain: true, domainColor: 'var(--grid)' },
      legend: { labelColor: 'var(--text)', labelFontSize: 13 },
    },
  } as const
}
