import { cut, print, styled, width } from '../terminal.ts'
import { heading } from './screen.ts'
import { type Finding, isKept } from './verdict.ts'

/** A mark and the two numbers. */
const besideName = 2 + 10 + 8

/** What was promised beside what the sandbox's history says. */
export function drawTable(findings: readonly Finding[]): void {
  const room = width() - besideName
  const widest = Math.min(room, Math.max(...findings.map(({ what }) => what.length)) + 2)
  heading('Counted in the sandbox’s true history')
  print(styled('dim', `  ${''.padEnd(widest)}${'expected'.padStart(10)}${'found'.padStart(8)}`))
  for (const finding of findings) {
    const { what, expected, found, atLeast } = finding
    const mark = isKept(finding) ? styled('green', '✔') : styled('red', '✖')
    const wanted = `${atLeast ? '≥ ' : ''}${expected}`
    print(`${mark} ${cut(what, widest - 2).padEnd(widest)}${wanted.padStart(10)}${String(found).padStart(8)}`)
  }
}
