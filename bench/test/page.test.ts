import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Plot } from '../plot.ts'
import { placed, writePage } from '../report/page.ts'
import { drawSvg } from '../report/svg.ts'
import type { Outcome, Row } from '../row.ts'

const plot: Plot = {
  file: 'row-2',
  title: 'Two sides',
  kind: 'bars',
  x: { title: '' },
  y: { title: 'messages per second' },
  points: [
    { series: 'ours', x: 'ours', y: 20, low: 18, high: 25 },
    { series: 'theirs', x: 'theirs', y: 10, low: 9, high: 11 },
  ],
}
const outcome: Outcome = {
  name: 'lanes: 5 messages',
  value: { median: 20, min: 18, max: 25 },
  unit: 'messages/s',
  against: { plain: 10 },
  ratio: { plain: { value: { median: 2, min: 2, max: 2 }, reach: { least: 1.5 } } },
  table: [
    ['', 'messages/s'],
    ['ours', '20'],
  ],
  plots: [plot],
}
const row: Row = { n: 2, name: 'row', what: 'Something.', reachText: '≥ 1.5 ×', measure: async () => outcome }

test('a row takes its own place on the page, what else stands there stays', () => {
  const page = '# Performance\n\nBefore.\n\n<!-- row 2 -->\nold\n<!-- end of row 2 -->\n\nAfter.\n'
  expect(placed(page, 2, 'new')).toBe(
    '# Performance\n\nBefore.\n\n<!-- row 2 -->\n\nnew\n\n<!-- end of row 2 -->\n\nAfter.\n',
  )
  expect(placed('# Performance\n', 3, 'new')).toContain('<!-- row 3 -->\n\nnew\n\n<!-- end of row 3 -->\n')
})

test('a page has the table, whether the reach is met, and the figures beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-bench-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'performance.md')
  await writePage(file, [{ row, outcome }], ['machine: one'])
  await writePage(file, [{ row, outcome }], ['machine: two'])
  const page = readFileSync(file, 'utf8')
  expect(page).toContain('|  | messages/s |\n| --- | ---: |\n| ours | 20 |')
  expect(page).toContain('To reach: ≥ 1.5 ×: **met**.')
  expect(page).toContain('![Two sides](performance/row-2.svg)')
  expect(page).toContain('machine: two')
  expect(page).not.toContain('machine: one')
  expect(readFileSync(join(folder, 'performance/row-2.svg'), 'utf8')).toMatch(/^<svg .*Two sides.*<\/svg>\s*$/s)
})

test('draws lines over a logarithmic axis', async () => {
  const points = [1, 10, 100].map((x) => ({ series: 'bytes', x, y: 250 }))
  const svg = await drawSvg({ ...plot, kind: 'lines', x: { title: 'conversations', scale: 'log' }, points })
  expect(svg).toContain('conversations')
})
