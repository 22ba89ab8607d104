import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findRedis, NoRedis } from '../index.ts'
import { redisProgram } from '../redis/program.ts'

/** Stands in for the making of minutes: what it makes is the server program of this machine. */
const real = redisProgram(process.env.PATH)
const making = `mkdir src && cp "${real}" src/redis-server && echo made >>"$MADE"`
const yes = 'exit 0'

describe.skipIf(real === undefined)('where there is a C compiler', () => {
  test('one is built, said before, once for all who ask, and kept', async () => {
    const { env, kept, lines, find } = await machine({ cc: yes, make: making })
    const found = await Promise.all([find(), find()])
    expect(found.map(({ how }) => how)).toEqual([expect.stringContaining(kept), expect.stringContaining(kept)])
    expect(lines[0]).toMatch(/building Redis 7\.2\.\d+ from http:.* in .*: takes a few minutes, once/)
    expect(lines).toHaveLength(2)

    const later = await find()
    expect(later.how).toContain(kept)
    expect(lines).toHaveLength(2)
    expect(readFileSync(env.MADE, 'utf8')).toBe('made\n')
    expect(readdirSync(kept)).toEqual([expect.stringMatching(/^redis-server-7\.2\.\d+$/)])
  })

  test('nothing of it goes on or stays when its process is killed', async () => {
    const make = `trap 'echo ended >>"$MADE"; exit 1' TERM; echo begun >"$MADE"; sleep 600 & wait`
    const { env, kept } = await machine({ cc: yes, make })
    const program = fileURLToPath(new URL('./hold-redis.ts', import.meta.url))
    const holder = spawn(process.execPath, ['--conditions=chatlane-source', program], { env, stdio: 'ignore' })
    onTestFinished(() => void holder.kill('SIGKILL'))
    const made = () => (existsSync(env.MADE) ? readFileSync(env.MADE, 'utf8') : '')
    await expect.poll(made, { timeout: 90_000 }).toBe('begun\n')
    holder.kill('SIGKILL')
    await expect.poll(made, { timeout: 90_000 }).toBe('begun\nended\n')
    await expect.poll(() => readdirSync(kept), { timeout: 90_000 }).toEqual([])
  })
})

test.each<[string, Record<string, string>, RegExp, string?]>([
  ['no make', { cc: yes }, /^ {2}no make to build one$/m],
  ['no C compiler', { make: yes, cc: 'exit 1' }, /^ {2}no C compiler \(cc\) with its headers to build one$/m],
  [
    'a make that fails',
    { cc: yes, make: 'echo "cc -O3 zmalloc.c" >&2; echo "zmalloc.c:3: fatal error: sys.h: No such file" >&2; exit 2' },
    /^ {2}building Redis: zmalloc\.c:3: fatal error: sys\.h: No such file$/m,
  ],
  [
    'a site that nobody reaches',
    { cc: yes, make: yes },
    /^ {2}building Redis: .*ECONNREFUSED.*$/m,
    'http://127.0.0.1:1',
  ],
  ['a site without sources', { cc: yes, make: yes }, /^ {2}building Redis: Status Code is 404$/m, ''],
])('with %s the reason is told in one line, and the remedies once', async (_, programs, why, site) => {
  const { kept, find } = await machine(programs, site)
  const error = await find().catch((error: unknown) => error)
  expect(error).toBeInstanceOf(NoRedis)
  expect(String(error)).toMatch(why)
  expect(String(error).match(/brew install/g)).toHaveLength(1)
  expect(existsSync(kept) ? readdirSync(kept) : []).toEqual([])
})

/**
 * A machine with these programs, each a shell's words, and nothing else than a build to get a Redis by.
 * @param site where the sources are sought in place of where they are
 */
async function machine(programs: Record<string, string>, site?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-build-'))
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 20 }))
  const [kept, bin] = [join(folder, 'kept'), join(folder, 'bin')]
  mkdirSync(bin)
  for (const [name, words] of Object.entries(programs)) {
    const version = 'if [ "$1" = --version ]; then exit 0; fi'
    writeFileSync(join(bin, name), `#!/bin/sh\n${version}\nPATH=$TOOLS\n${words}\n`, { mode: 0o755 })
  }
  const env = {
    PATH: bin,
    TOOLS: process.env.PATH ?? '',
    MADE: join(folder, 'made'),
    CHATLANE_REDIS: 'build',
    REDISMS_DOWNLOAD_DIR: kept,
    REDISMS_DOWNLOAD_URL: `${site || (await servedSources(folder))}/redis${site === '' ? '-other' : ''}.tar.gz`,
  }
  const lines: string[] = []
  const find = async () => {
    const found = await findRedis({ purpose: 'a test of the build', log: (line) => lines.push(line), env })
    onTestFinished(() => found.stop())
    return found
  }
  return { env, kept, lines, find }
}

/** Serves an archive as Redis' own site does: one folder, with a Makefile in it. */
async function servedSources(folder: string): Promise<string> {
  mkdirSync(join(folder, 'redis'))
  writeFileSync(join(folder, 'redis/Makefile'), 'all:\n')
  const archive = execFileSync('tar', ['-czf', '-', '-C', folder, 'redis'])
  const server = createServer((request, response) => {
    if (request.url === '/redis.tar.gz') response.end(archive)
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return `http://127.0.0.1:${address.port}`
}
