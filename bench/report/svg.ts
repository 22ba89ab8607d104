import { parse, View, Warn } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Axis, Plot } from '../plot.ts'

const WIDTH = 560
const HEIGHT = 240
/** Told apart by those who see few colours as well (Okabe and Ito). */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9']

/** Draws a figure, without a browser. */
export async function drawSvg(plot: Plot): Promise<string> {
  const { spec } = compile(plot.kind === 'bars' ? bars(plot) : lines(plot))
  const view = new View(parse(spec), { renderer: 'none', logLevel: Warn })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}

function bars(plot: Plot): TopLevelSpec {
  const series = seriesOf(plot)
  // One bar per place: the place tells which series it is, no legend is needed.
  const alone = plot.points.every(({ x, series }) => x === series)
  const x = { field: 'x', type: 'nominal', sort: null, title: plot.x.title || null, axis: { labelAngle: 0 } } as const
  const offset = alone ? {} : { xOffset: { field: 'series', type: 'nominal', sort: [...series] } as const }
  return {
    ...frame(plot),
    layer: [
      {
        mark: { type: 'bar' },
        encoding: { x, ...offset, y: quantity('y', plot.y), color: colour(series, !alone) },
      },
      {
        mark: { type: 'rule', color: '#444' },
        encoding: { x, ...offset, y: quantity('low', plot.y), y2: { field: 'high' } },
      },
    ],
  }
}

function lines(plot: Plot): TopLevelSpec {
  const series = seriesOf(plot)
  const x = quantity('x', plot.x)
  const color = colour(series, series.length > 1)
  return {
    ...frame(plot),
    layer: [
      { mark: { type: 'line', point: plot.points.length <= 50 }, encoding: { x, y: quantity('y', plot.y), color } },
      { mark: { type: 'rule' }, encoding: { x, y: quantity('low', plot.y), y2: { field: 'high' }, color } },
    ],
  }
}

function frame({ title, points }: Plot) {
  const values = points.map(({ series, x, y, low = y, high = y }) => ({ series, x, y, low, high }))
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title,
    width: WIDTH,
    height: HEIGHT,
    background: 'white',
    data: { values },
  } as const
}

function quantity(field: string, { title, scale }: Axis) {
  return { field, type: 'quantitative', title, ...(scale && { scale: { type: scale } }) } as const
}

function colour(series: readonly string[], legend: boolean) {
  const scale = { domain: [...series], range: COLOURS.slice(0, Math.max(1, series.length)) }
  return { field: 'series', type: 'nominal', scale, ...(legend ? { title: null } : { legend: null }) } as const
}

function seriesOf({ points }: Plot): string[] {
  return [...new Set(points.map(({ series }) => series))]
}
