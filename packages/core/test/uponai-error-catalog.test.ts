import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { errorCatalog } from '../src/errors/catalog.ts'
import { ChatlaneError } from '../src/errors/chatlane-error.ts'

test('every code has its section in docs/errors.md, which names its handling', async () => {
  const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const documented = [...page.matchAll(/^## ([A-Z_]+)\n\nHandling: `([a-z_]+)`/gm)].map(([, code, handling]) => ({
    code,
    handling,
  }))
  const catalog = Object.entries(errorCatalog).map(([code, { handling }]) => ({ code, handling }))
  expect(documented).toEqual(catalog)
})

test('an error carries what its catalog entry says, and its cause', () => {
  const cause = new Error('below')
  const error = new ChatlaneError('UPONAI_THROTTLED', 'slow down', { retryAfterMs: 5, status: 429, cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ ...errorCatalog.UPONAI_THROTTLED, retryAfterMs: 5, status: 429, cause })
})
