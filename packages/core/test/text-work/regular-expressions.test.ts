import { globSync, readFileSync } from 'node:fs'
import { check } from 'recheck'
import { expect, test } from 'vitest'
import { parseAst } from 'vitest/node'
import { z } from 'zod'

/** Expressions that are put together, so that the check cannot read them, each with why its search is linear. */
const PUT_TOGETHER: Record<string, string> = {
  'packages/core/src/config/formats.ts': 'a fixed beginning and a fixed number of digits',
  'packages/core/src/identity/identity.ts': 'a fixed beginning and digits up to the end',
  'packages/core/src/logging/redaction.ts': 'fixed words and known secrets, letter by letter, without repetition',
}

const literal = z.object({ type: z.literal('Literal'), regex: z.object({ pattern: z.string(), flags: z.string() }) })
const made = z.object({
  type: z.enum(['NewExpression', 'CallExpression']),
  callee: z.object({ type: z.literal('Identifier'), name: z.literal('RegExp') }),
})

interface Found {
  file: string
  pattern: string
  flags: string
}

const found: Found[] = []
const putTogether = new Set<string>()
for (const file of globSync(['packages/{core,lanes}/src/**/*.ts', 'apps/*/src/**/*.ts'])) {
  look(parseAst(readFileSync(file, 'utf8'), { lang: 'ts' }), file)
}

function look(node: unknown, file: string): void {
  if (typeof node !== 'object' || node === null) return
  const expression = literal.safeParse(node)
  if (expression.success) found.push({ file, ...expression.data.regex })
  if (made.safeParse(node).success) putTogether.add(file)
  for (const part of Object.values(node)) look(part, file)
}

// Without an open-ended repetition there is nothing that a text could draw out.
const repeating = found.filter(({ pattern }) => /[*+]|\{\d+,\}/.test(pattern))

test('there are expressions to check', () => {
  expect(repeating.length).toBeGreaterThan(30)
})

test.each(repeating)('$file: /$pattern/ searches in time linear to the text', async ({ pattern, flags }) => {
  // The check knows neither flag. A sticky expression is tried at one place after the other by its caller.
  const { status } = await check(pattern, flags.replace('v', 'u').replace('y', ''), { timeout: 60_000 })
  expect(status).toBe('safe')
  expect(pattern, 'the check cannot judge what looks behind').not.toMatch(/\(\?<[=!]/)
})

test('expressions that are put together are known', () => {
  expect([...putTogether].sort()).toEqual(Object.keys(PUT_TOGETHER).sort())
})
