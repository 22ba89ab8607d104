import { readSamples, scrape, total } from '@chatlane/dev'
import { afterEach, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const closed = async (id: string) => (await s.conversations.find(id))?.closed
const repairs = async (what: string) => total(await scrape(s.workerUrl), 'chatlane_repairs_total', { what })

/** A web conversation that is answered, and becomes inactive after a second. */
async function talked() {
  const conversation = await s.web('pk_short')
  await s.say(conversation, 'hello')
  await s.settled(conversation)
  return conversation
}

/** Every key of the queue whose delayed job looks at the deadlines. */
const closingQueue = () => `${s.lanes.shardKeys(0).tag}:closing`

it('closes inactive chats after Redis was emptied under the running worker', async () => {
  s = await stage({})
  await emptied()
  const conversation = await talked()
  await expect.poll(() => closed(conversation.id)).toBe(true)
  await expect.poll(() => repairs('closing_schedule')).toBe(1)
  expect(await repairs('shard_count')).toBe(1)
  expect(await repairs('upstream_mark')).toBe(1)
})

it.each([
  ['is gone', (key: string) => s.redis.del(`${key}:delayed`)],
  [
    'and its schedule are gone',
    (key: string) => s.redis.del(`${key}:delayed`, `${key}:repeat`, `${key}:repeat:deadlines`),
  ],
  ['is due in an hour, as a clock that was wrong says', inAnHour],
])('closes inactive chats though the delayed job %s', async (_what, harm) => {
  s = await stage({})
  const conversation = await s.web('pk_short')
  // Harmed until it stays harmed: between two jobs there is none to be harmed.
  await expect
    .poll(async () => {
      await harm(closingQueue())
      return s.redis.zcount(`${closingQueue()}:delayed`, '-inf', (Date.now() + 60_000) * 4_096)
    })
    .toBe(0)
  await s.say(conversation, 'hello')
  await expect.poll(() => closed(conversation.id)).toBe(true)
})

it('needs no repair when nothing is wrong', async () => {
  s = await stage({ workers: 2 })
  const conversation = await talked()
  await expect.poll(() => closed(conversation.id)).toBe(true)
  const samples = readSamples(await (await fetch(`${s.workerUrl}/metrics`)).text())
  for (const what of ['closing_schedule', 'shard_count', 'upstream_mark'])
    expect(total(samples, 'chatlane_repairs_total', { what })).toBe(0)
})

it('serves shards that another process began to spread conversations over', async () => {
  s = await stage({})
  await s.redis.zadd(`${s.environment.REDIS_PREFIX}:shards`, 3, 'highest')
  const id = `c2${(await s.web('pk_short')).id.slice(2)}`
  await s.lanes.add(id, { id: 'any', data: JSON.stringify({ kind: 'close' }) })
  await expect.poll(() => s.lanes.waiting(id)).toBe(0)
})

async function inAnHour(key: string): Promise<void> {
  for (const job of await s.redis.zrange(`${key}:delayed`, '0', '-1'))
    await s.redis.zadd(`${key}:delayed`, 'XX', (Date.now() + 3_600_000) * 4_096, job)
}

/** Takes away every key of the deployment, as FLUSHALL would. */
async function emptied(): Promise<void> {
  const nodes = 'nodes' in s.redis ? s.redis.nodes('master') : [s.redis]
  for (const node of nodes) {
    for (const tag of ['{', ''])
      for (const key of await node.keys(`${tag}${s.environment.REDIS_PREFIX}:*`)) await node.unlink(key)
  }
}
