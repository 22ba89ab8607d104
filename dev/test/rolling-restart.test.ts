import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../redis/free-port.ts'
import { makeStack } from '../stack/stack.ts'
import { freshPrefix, testRedisEnvironment, testRedisUrl } from '../test-redis.ts'
import { startBalancer } from './balancer.ts'
import { expectAnsweredOnce, expectHeardAll } from './expectations.ts'
import { gather } from './people.ts'

const number = '+15005550006'
const folder = mkdtempSync(join(tmpdir(), 'chatlane-rolling-'))
const routes = join(folder, 'routes.yaml')
writeFileSync(routes, `sms:\n  - sender: "${number}"\n    inbound_agents: [{ agent_id: chat_agent_a }]\n`)
afterAll(() => rmSync(folder, { recursive: true }))

it('nobody notices that every process is restarted, one after the other', async () => {
  const apis = [
    { API_PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) },
    { API_PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) },
  ]
  const stack = await makeStack({
    redisUrl: testRedisUrl(),
    settings: { ...testRedisEnvironment(), CHATLANE_CONFIG: routes, REDIS_PREFIX: freshPrefix() },
    onLine: () => {},
  })
  const balancer = await startBalancer(
    Number(new URL(stack.apiUrl).port),
    apis.map(({ API_PORT }) => Number(API_PORT)),
  )
  onTestFinished(async () => {
    await stack.stop()
    await balancer.close()
  })
  await stack.start('sandbox', 'sandbox')
  await stack.sandbox.setFaults({ latency: { distribution: 'uniform', min_ms: 20, max_ms: 300 } })
  const members: [Parameters<typeof stack.start>, Awaited<ReturnType<typeof stack.start>>][] = []
  for (const words of [
    ['api', 'api 1', apis[0]],
    ['api', 'api 2', apis[1]],
    ['worker', 'worker 1'],
    ['worker', 'worker 2'],
  ] as Parameters<typeof stack.start>[])
    members.push([words, await stack.start(...words)])
  for (const { API_PORT } of apis) await balancer.takesPart(Number(API_PORT), true)

  const people = await gather({ url: stack.apiUrl, sandbox: stack.sandbox, web: 15, sms: 10, number })
  onTestFinished(() => people.close())
  for (const [words, member] of members) {
    await people.more(60)
    await member.stop()
    expect([words[1], await member.ended]).toEqual([words[1], 'exit code 0'])
    await stack.start(...words)
    const port = words[2]?.API_PORT
    if (port !== undefined) await balancer.takesPart(Number(port), true)
  }
  await people.more(60)
  await people.stop()

  expect(people.failures).toEqual([])
  // Each stream has lived through the restart of the api that it was on.
  expect(people.streams).toBeGreaterThan(people.web.length)
  await expectHeardAll(people)
  await expectAnsweredOnce(people, stack.sandbox)
})
