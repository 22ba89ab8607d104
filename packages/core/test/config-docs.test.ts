import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { secretVariables, variableNames } from '../src/config/variables.ts'
import { knownKeys } from '../src/routing/schema.ts'

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| <a id="([a-z_]+)"><\/a>`([A-Z_]+)`( 🔑)? \|/gm)]

test('the page describes every variable once, and no other', () => {
  expect(rows.map(([, , name]) => name).sort()).toEqual([...variableNames].sort())
})

test('every row has the anchor that the messages point to', () => {
  for (const [, anchor, name] of rows) expect(anchor).toBe(name?.toLowerCase())
})

test('the page marks every secret, and nothing else', () => {
  const marked = rows.filter(([, , , mark]) => mark).map(([, , name]) => name)
  expect(marked.sort()).toEqual([...secretVariables].sort())
})

test.each(['sms', 'web'])('the page describes every key of %s', (list) => {
  const section = page.split(`### \`${list}\``)[1]?.split('\n### ')[0] ?? ''
  for (const key of knownKeys([list])) expect(section).toContain(`\`${key}\``)
})
