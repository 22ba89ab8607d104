import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../redis/free-port.ts'
import { makeStack } from '../stack/stack.ts'
import { freshPrefix, testRedisEnvironment, testRedisUrl } from '../test-redis.ts'
import { expectAnsweredOnce, expectHeardAll } from './expectations.ts'
import { gather } from './people.ts'

const number = '+15005550006'
const folder = mkdtempSync(join(tmpdir(), 'chatlane-nginx-'))
const routes = join(folder, 'routes.yaml')
writeFileSync(
  routes,
  `sms:
  - sender: "${number}"
    inbound_agents: [{ agent_id: chat_agent_a }]
web:
  - public_key: pk_nginx
    allowed_origins: ["https://www.example.com"]
    agent_id: chat_agent_a
`,
)
afterAll(() => rmSync(folder, { recursive: true }))

const nginx = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  .map((place) => join(place, 'nginx'))
  .find(existsSync)

/** The settings of docs/proxy.md, with a time-out that is shorter than an event stream's heartbeat. */
function settings(port: number, apis: readonly string[]): string {
  const [, documented = ''] =
    /```nginx\n(.*?)```/s.exec(readFileSync(new URL('../../docs/proxy.md', import.meta.url), 'utf8')) ?? []
  const servers = apis.map((api) => `server 127.0.0.1:${api} $1;`).join(' ')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((what) => `${what}_temp_path ${folder}/${what};`)
    .join(' ')
  const http = documented
    .replace(/server api-1:3000 (.*);\s*server api-2:3000 .*;/, servers)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port}; listen [::1]:${port};`)
    .replaceAll(/\n +ssl_certificate.*/g, '')
    .replaceAll(/proxy_read_timeout \d+s;/g, 'proxy_read_timeout 6s;')
  return `daemon off; pid ${folder}/pid; error_log ${folder}/errors; worker_processes 1;
events { worker_connections 1024; }
http { access_log off; ${temporary}
${http}
}`
}

async function startNginx(port: number, apis: readonly string[]): Promise<() => Promise<unknown>> {
  const file = join(folder, 'nginx.conf')
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, settings(port, apis))
  const child = spawn(nginx ?? 'nginx', ['-c', file, '-e', join(folder, 'errors')], { stdio: 'inherit' })
  const ended = once(child, 'exit')
  return () => {
    child.kill('SIGTERM')
    return ended
  }
}

it.skipIf(nginx === undefined)(
  'behind nginx, as documented, nobody notices a rolling restart or a short time-out',
  async () => {
    const apis = [
      { API_PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) },
      { API_PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) },
    ]
    const stack = await makeStack({
      redisUrl: testRedisUrl(),
      settings: {
        ...testRedisEnvironment(),
        CHATLANE_CONFIG: routes,
        REDIS_PREFIX: freshPrefix(),
        API_TRUST_PROXY: '1',
      },
      onLine: () => {},
    })
    const port = Number(new URL(stack.apiUrl).port)
    const stopNginx = await startNginx(
      port,
      apis.map(({ API_PORT }) => API_PORT),
    )
    onTestFinished(async () => {
      await stack.stop()
      await stopNginx()
    })
    await stack.start('sandbox', 'sandbox')
    const running = [await stack.start('api', 'api 1', apis[0]), await stack.start('api', 'api 2', apis[1])]
    await stack.start('worker', 'worker')

    const people = await gather({ url: stack.apiUrl, sandbox: stack.sandbox, web: 5, sms: 3, number, pauseMs: 150 })
    onTestFinished(() => people.close())
    for (const [i, api] of running.entries()) {
      await people.more(30)
      await api.stop()
      await stack.start('api', `api ${i + 1}`, apis[i])
    }
    await people.more(30)
    // A stream on which nothing comes is cut by this nginx, and goes on where it was.
    await people.stop()
    const before = people.streams
    await expect.poll(() => people.streams - before, { timeout: 90_000 }).toBeGreaterThanOrEqual(people.web.length)
    expect(people.failures).toEqual([])
    await expectHeardAll(people)
    await expectAnsweredOnce(people, stack.sandbox)

    // A visitor's address is the one that nginx saw, whatever they say; that of the other family is another one.
    const begin = (host: string, claimed: string) =>
      fetch(`http://${host}:${port}/v1/conversations`, {
        method: 'POST',
        headers: {
          origin: 'https://www.example.com',
          'content-type': 'application/json',
          'x-forwarded-for': claimed,
        },
        body: JSON.stringify({ public_key: 'pk_nginx' }),
      }).then(({ status }) => status)
    const statuses: number[] = []
    for (let i = 0; i < 21; i++) statuses.push(await begin('127.0.0.1', `192.0.2.${i}, 203.0.113.${i}`))
    expect(statuses.filter((status) => status === 201)).toHaveLength(20)
    expect(statuses.at(-1)).toBe(429)
    expect(await begin('[::1]', '192.0.2.99')).toBe(201)
  },
)
