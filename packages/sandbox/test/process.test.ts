import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { sandboxClient, startSandbox } from '../src/index.ts'
import { countSegments } from '../src/twilio/segments.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return { child, exited: once(child, 'exit'), out: () => out, err: () => err }
}

describe('the process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'says where it listens, and ends with 0 on %s, a hung request or not',
    async (signal) => {
      const { child, exited, out, err } = start({ SANDBOX_PORT: '0', UPONAI_API_KEY: 'k1' })
      await once(child.stdout, 'data')
      const url = /^sandbox listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(out())?.[1] ?? ''
      await sandboxClient(url).setFaults({ rules: [{ target: 'uponai', fault: { kind: 'hang' } }] })
      const hung = fetch(`${url}/uponai/get-chat/x`, { headers: { authorization: 'Bearer k1' } })
      const cut = expect(hung).rejects.toThrow()
      await expect.poll(() => sandboxClient(url).history()).toHaveLength(1)
      child.kill(signal)
      expect(await exited).toEqual([0, null])
      await cut
      expect(err()).toBe('')
    },
  )

  test('a bad environment: one line per problem, exit code 78', async () => {
    const { exited, err } = start({ SANDBOX_PORT: 'x', PUBLIC_URL: 'nowhere', TWILIO_AUTH_TOKEN_FILE: '/no/such/file' })
    expect(await exited).toEqual([78, null])
    const lines = err().trimEnd().split('\n')
    expect(lines.map((line) => line.split(':')[0])).toEqual(['TWILIO_AUTH_TOKEN_FILE', 'SANDBOX_PORT', 'PUBLIC_URL'])
  })

  test('a taken port is said in one line', async () => {
    const taken = await startSandbox()
    const { exited, err } = start({ SANDBOX_PORT: String(taken.port) })
    expect(await exited).toEqual([1, null])
    expect(err()).toMatch(/^The sandbox could not start on SANDBOX_PORT \d+: .*EADDRINUSE.*\n$/)
    await taken.close()
  })
})

test.each([
  ['', 1],
  ['a'.repeat(160), 1],
  ['a'.repeat(161), 2],
  ['€'.repeat(80), 1],
  ['€'.repeat(81), 2],
  ['я'.repeat(70), 1],
  ['я'.repeat(71), 2],
  ['👋'.repeat(35), 1],
  ['👋'.repeat(36), 2],
])('segments of %s', (body, segments) => {
  expect(countSegments(body)).toBe(segments)
})
