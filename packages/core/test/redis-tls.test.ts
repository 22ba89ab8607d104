import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, createServer } from 'node:tls'
import { freePort, hasLocalRedis, type RedisServer, startRedisServer } from '@chatlane/dev'
import { Queue, Worker } from 'bullmq'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../src/config/load.ts'
import { createLogger } from '../src/logging/logger.ts'
import { connectRedis } from '../src/redis/connection.ts'
import { RedisWatch } from '../src/redis/watch.ts'

const folder = mkdtempSync(join(tmpdir(), 'chatlane-tls-'))
const file = (name: string) => join(folder, name)
const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' })

/** A private key and a certificate, both in PEM files of that name. */
function issue(name: string, { by, subject }: { by?: string; subject: string }): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`]
  const common = ['-days', '2', '-subj', `/CN=${subject}`, '-out', `${name}.crt`]
  if (by === undefined) return void openssl('req', '-x509', ...key, ...common)
  writeFileSync(file('names.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  openssl('req', '-new', ...key, '-subj', `/CN=${subject}`, '-out', `${name}.csr`)
  const signed = ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial', '-extfile', 'names.ext']
  openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-days', '2', '-out', `${name}.crt`)
}

describe.skipIf(!hasLocalRedis())('a Redis with TLS', () => {
  let server: RedisServer
  let url: string
  beforeAll(async () => {
    issue('authority', { subject: 'an authority of our own' })
    issue('server', { by: 'authority', subject: 'localhost' })
    issue('client', { by: 'authority', subject: 'chatlane' })
    const port = await freePort()
    server = await startRedisServer({
      'tls-port': `${port}`,
      'tls-cert-file': file('server.crt'),
      'tls-key-file': file('server.key'),
      'tls-ca-cert-file': file('authority.crt'),
      'tls-auth-clients': 'yes',
    })
    url = `rediss://localhost:${port}`
  })
  afterAll(async () => {
    await server.stop()
    rmSync(folder, { recursive: true })
  })

  const authority = { REDIS_TLS_CA_FILE: file('authority.crt') }
  const client = { REDIS_TLS_CERT_FILE: file('client.crt'), REDIS_TLS_KEY_FILE: file('client.key') }

  function open(env: Record<string, string>) {
    const enough = { UPONAI_API_KEY: 'key_for_tests', UPONAI_WORKSPACE_ID: '7', REDIS_URL: url }
    const { redis: config } = loadConfig('worker', { ...enough, ...env })
    const log: Record<string, unknown>[] = []
    const output = { write: (line: string) => void log.push(JSON.parse(line)) }
    const logger = createLogger({ level: 'info', content: false }, { service: 'test', output })
    const redis = connectRedis(config, 'worker', logger, new RedisWatch(logger, config))
    onTestFinished(() => redis.disconnect())
    return { redis, log }
  }

  test('is used with an authority of its own and a client certificate', async () => {
    const { redis, log } = open({ ...authority, ...client })
    expect(await redis.ping()).toBe('PONG')
    expect(log).toEqual([])
  })

  test.each<[what: string, env: () => Record<string, string>, words: RegExp]>([
    ['is not trusted without its authority', () => client, /set REDIS_TLS_CA_FILE/],
    ['refuses who has no certificate', () => authority, /see REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE/],
    [
      'is not at the port without TLS',
      () => ({ ...authority, ...client, REDIS_URL: server.url.replace('redis:', 'rediss:') }),
      /TLS \(rediss:\/\/\) or not/,
    ],
    ['wants TLS', () => ({ REDIS_URL: url.replace('rediss:', 'redis:') }), /TLS \(rediss:\/\/\) or not/],
  ])('%s, which is said once with what to do', async (_what, env, words) => {
    const { log } = open(env())
    await expect.poll(() => log.map(({ event }) => event)).toEqual(['redis_away'])
    expect(log[0]?.msg).toMatch(words)
  })

  test('is told the name that it is connected by, on every connection', async () => {
    const names: string[] = []
    const target = new URL(url)
    const context = createSecureContext({
      cert: readFileSync(file('server.crt')),
      key: readFileSync(file('server.key')),
    })
    const proxy = createServer(
      {
        SNICallback(name, callback) {
          names.push(name)
          callback(null, context)
        },
      },
      (socket) => {
        const inner = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
        socket.pipe(inner).pipe(socket)
        socket.on('error', () => inner.destroy())
        inner.on('error', () => socket.destroy())
      },
    ).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    onTestFinished(() => void proxy.close())
    target.port = `${z.object({ port: z.int() }).parse(proxy.address()).port}`
    const { redis } = open({ ...authority, REDIS_URL: target.href })
    const queue = new Queue('named', { connection: redis })
    const done: unknown[] = []
    const worker = new Worker('named', async ({ name }) => void done.push(name), { connection: redis })
    onTestFinished(async () => {
      await worker.close(true)
      await queue.close()
    })
    await queue.add('one', {})
    await expect.poll(() => done).toEqual(['one'])
    expect(names.length).toBeGreaterThan(1)
    expect(new Set(names)).toEqual(new Set(['localhost']))
  })

  test.each<[what: string, env: Record<string, string>, variable: string]>([
    ['an authority that is not there', { REDIS_TLS_CA_FILE: file('nothing') }, 'REDIS_TLS_CA_FILE'],
    [
      'a key where the certificate should be',
      { ...client, REDIS_TLS_CERT_FILE: file('client.key') },
      'REDIS_TLS_CERT_FILE',
    ],
    ['the key of another certificate', { ...client, REDIS_TLS_KEY_FILE: file('server.key') }, 'REDIS_TLS_KEY_FILE'],
    ['a certificate without its key', { REDIS_TLS_CERT_FILE: file('client.crt') }, 'REDIS_TLS_KEY_FILE'],
    ['an authority without TLS', { ...authority, REDIS_URL: 'redis://localhost' }, 'REDIS_TLS_CA_FILE'],
    ['a password of no sentinel', { REDIS_SENTINEL_PASSWORD: 'pass' }, 'REDIS_SENTINELS'],
  ])('refuses %s at the start', (_what, env, variable) => {
    expect(() => open(env)).toThrow(new RegExp(`^${variable}: expected `, 'm'))
  })
})
