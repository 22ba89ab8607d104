import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { rowMarkdown } from './markdown.ts'
import type { Measured } from './measured.ts'
import { drawSvg } from './svg.ts'

const NEW_PAGE = '# Performance\n'

/**
 * Writes the rows into a page: each takes the place of what stands there for it, or follows at the end. What else is on the
 * page stays. The figures go into a folder of the page's name.
 *
 * @param how what was measured on, and how; line by line
 */
export async function writePage(file: string, all: readonly Measured[], how: readonly string[]): Promise<void> {
  const folder = basename(file, extname(file))
  const figures = join(dirname(file), folder)
  mkdirSync(figures, { recursive: true })
  let page = existsSync(file) ? readFileSync(file, 'utf8') : NEW_PAGE
  for (const measured of all) {
    page = placed(page, measured.row.n, rowMarkdown(measured, { folder, how }))
    for (const plot of measured.outcome.plots ?? []) {
      writeFileSync(join(figures, `${plot.file}.svg`), `${await drawSvg(plot)}\n`)
    }
  }
  writeFileSync(file, page)
}

/** The page with a row's text between the row's marks. */
export function placed(page: string, n: number, text: string): string {
  const [begin, end] = [`<!-- row ${n} -->`, `<!-- end of row ${n} -->`]
  const block = `${begin}\n\n${text}\n\n${end}`
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to === -1) return `${page.trimEnd()}\n\n${block}\n`
  return page.slice(0, from) + block + page.slice(to + end.length)
}
