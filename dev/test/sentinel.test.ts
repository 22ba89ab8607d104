import { expect, it, onTestFinished } from 'vitest'
import { hasLocalRedis } from '../redis/nodes.ts'
import { startSentinelRedis } from '../redis/replicated.ts'
import { makeStack } from '../stack/stack.ts'
import { expectAnsweredOnce, expectHeardAll } from './expectations.ts'
import { gather } from './people.ts'

it.skipIf(!hasLocalRedis()).each(['killed', 'frozen'])(
  'with sentinels, nothing acknowledged is lost when the master is %s, and everything goes on with the next one',
  async (how) => {
    const redis = await startSentinelRedis(2)
    const stack = await makeStack({
      redisUrl: 'redis://nowhere.invalid',
      settings: {
        REDIS_SENTINELS: redis.addresses,
        REDIS_SENTINEL_NAME: redis.name,
        REDIS_MIN_REPLICAS: '1',
      },
      onLine: () => {},
    })
    onTestFinished(async () => {
      await stack.stop()
      await redis.stop()
    })
    await stack.start('sandbox', 'sandbox')
    await stack.sandbox.setFaults({ latency: { distribution: 'uniform', min_ms: 20, max_ms: 300 } })
    await stack.start('api', 'api')
    await stack.start('worker', 'worker 1')
    await stack.start('worker', 'worker 2')

    const people = await gather({ url: stack.apiUrl, sandbox: stack.sandbox, web: 15, sms: 0, number: '' })
    onTestFinished(() => people.close())
    await people.more(100)
    const master = await redis.master()
    await (how === 'killed' ? master.kill() : master.freeze())
    await people.more(100)
    expect((await redis.master()).url).not.toBe(master.url)
    // The former master comes back, as a replica of the new one.
    await (how === 'killed' ? master.start() : master.thaw())
    await people.more(100)
    await people.stop()

    expect(people.failures.length).toBeGreaterThan(0)
    for (const failure of people.failures) expect(failure).toMatch(/^503 /)
    await expectAnsweredOnce(people, stack.sandbox)
    await expectHeardAll(people)
  },
  420_000,
)
