import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { secretVariables, variableNames } from '../src/config/variables.ts'
import { loadRoutes } from '../src/routing/load.ts'
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

const routesPage = readFileSync(new URL('../../../docs/routes.md', import.meta.url), 'utf8')

test.each([
  ['`sms`', ['sms']],
  ['`web`', ['web']],
  ['Media', ['sms', 'media']],
  ['Template', ['sms', 'template']],
  ['chat_variables', ['sms', 'chat_variables']],
])('the page of the routes describes under %s every key', (title, path) => {
  const section = routesPage.split(`## ${title}`)[1]?.split('\n## ')[0] ?? ''
  for (const key of knownKeys(path)) expect(section).toContain(`\`${key}\``)
})

test('the examples on the page of the routes are right', () => {
  const examples = [...routesPage.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text)
  const whole = examples.filter((text) => /^(sms|web):/m.test(text))
  expect(whole.length).toBeGreaterThan(2)
  for (const text of whole) expect(() => loadRoutes(text, 'routes.md')).not.toThrow()
  const parts = examples.filter((text) => !whole.includes(text))
  const route = 'sms:\n  - sender: "whatsapp:+15005550006"\n    inbound_agents: [{ agent_id: a }]\n'
  for (const text of parts) expect(() => loadRoutes(route + text, 'routes.md')).not.toThrow()
})
