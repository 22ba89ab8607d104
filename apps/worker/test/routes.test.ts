import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Conversation } from '@chatlane/core'
import { spawnProgram, type TestProcess } from '@chatlane/dev'
import { afterEach, describe, expect, test } from 'vitest'
import { type ApiBeside, apiBeside } from './api-beside.ts'
import { type Stage, stage } from './stage.ts'

/** The routes file through the public doors: api and worker as processes, told of changes by SIGHUP. */

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const SERVICE = `MG${'5'.repeat(32)}`
const POOL = ['+15005550020', '+15005550021', '+15005550022'] as const
const KEY = 'key-of-the-routes'

let s: Stage
let api: ApiBeside
let worker: TestProcess
const others: { kill(): Promise<unknown> }[] = []

async function begin(routes: string): Promise<void> {
  s = await stage({ routes, workers: 0, env: { LOG_LEVEL: 'info', API_KEYS: KEY } })
  api = await apiBeside(s)
  worker = await startWorkerProcess()
}

async function startWorkerProcess(): Promise<TestProcess> {
  const started = spawnProgram(main, s.environment)
  others.push({
    async kill() {
      started.process.kill('SIGKILL')
      await started.exit
    },
  })
  await started.line(({ msg }) => msg === 'worker ready')
  return started
}

afterEach(async () => {
  await api.stop()
  for (const one of others.splice(0)) await one.kill()
  await s.stop()
})

/** Changes the file and tells both processes. */
async function reroute(routes: string): Promise<void> {
  writeFileSync(s.environment.CHATLANE_CONFIG ?? '', routes)
  const before = worker.log.length
  worker.process.kill('SIGHUP')
  await worker.line((line) => worker.log.indexOf(line) >= before && line.msg === 'routes read again')
  await api.reload()
}

async function text(from: string, to: string, body: string, service?: string): Promise<void> {
  const sent = await s.sandbox.sendSms({ from, to, body, ...(service && { messaging_service_sid: service }) })
  expect(sent.status).toBe(204)
}

/** What Twilio was asked to send to someone. */
async function sentTo(to: string) {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) => {
    if (entry.kind !== 'twilio' || entry.operation !== 'message-create' || entry.to !== to) return []
    return [{ from: entry.from, body: entry.body }]
  })
}

async function answered(to: string, count: number) {
  await expect.poll(async () => (await sentTo(to)).length).toBe(count)
  return sentTo(to)
}

async function conversationsWith(participant: string): Promise<Conversation[]> {
  return (await s.conversations.list({ participant, limit: 10 })).conversations
}

/** Ends the chat that is open. */
async function end(conversation: Conversation): Promise<void> {
  await s.conversations.requestEnd(conversation)
  await expect.poll(async () => (await s.conversations.find(conversation.id))?.closed).toBe(true)
}

/** The agents of all chats, in the order in which those were made. */
const agents = async () => (await s.sandbox.chats()).map(({ agent_id }) => agent_id)

const listing = (list: string) => `sms: [{ sender: "${POOL[0]}", inbound_agents: ${list} }]`

describe('a Messaging Service', () => {
  const ofService = `sms: [{ messaging_service_sid: ${SERVICE}, inbound_agents: [{ agent_id: chat_agent_b }] }]`

  test('is one conversation, and each answer leaves from the number that was written to', async () => {
    await begin(ofService)
    await s.sandbox.setFaults({ latency: { distribution: 'fixed', ms: 300 } })
    const person = '+14155550101'
    // The later ones come while the first is being answered.
    const texts = [POOL[0], POOL[1], POOL[0], POOL[2]].map((to, n) => ({ to, body: `${n} to ${to}` }))
    for (const { to, body } of texts) await text(person, to, body, SERVICE)
    expect(await answered(person, texts.length)).toEqual(
      texts.map(({ to, body }) => ({ from: to, body: `echo: ${body}` })),
    )
    expect(await conversationsWith(person)).toMatchObject([{ agentId: 'chat_agent_b', sender: POOL[2] }])
    expect(await s.sandbox.chats()).toMatchObject([{ agent_id: 'chat_agent_b', completions: texts.length }])
  })

  test('sends a closing text from the number that was written to last', async () => {
    await begin(ofService.replace('}] }]', '}], auto_close_after_ms: 1000, auto_close_message: Bye. }]'))
    const person = '+14155550102'
    await text(person, POOL[0], 'one', SERVICE)
    await answered(person, 1)
    await text(person, POOL[1], 'two', SERVICE)
    await expect.poll(async () => (await sentTo(person)).at(-1)?.body).toBe('Bye.')
    expect((await sentTo(person)).at(-1)).toMatchObject({ from: POOL[1] })
  })

  test('does not gather messages that were sent to different numbers', async () => {
    await begin(ofService.replace('}] }]', '}], coalesce_window_ms: 6000 }]'))
    const person = '+14155550103'
    for (const [to, body] of [
      [POOL[0], 'a'],
      [POOL[0], 'b'],
      [POOL[1], 'c'],
    ] as const)
      await text(person, to, body, SERVICE)
    expect((await answered(person, 2)).map(({ from, body }) => [from, body])).toEqual([
      [POOL[0], 'echo: a\nb'],
      [POOL[1], 'echo: c'],
    ])
  })

  test('a number of it with a route of its own is a line of its own', async () => {
    const own = `{ sender: "${POOL[0]}", inbound_agents: [{ agent_id: chat_agent_a }] }`
    await begin(ofService.replace('[', `[${own}, `))
    const person = '+14155550104'
    await text(person, POOL[0], 'to the number', SERVICE)
    await answered(person, 1)
    await text(person, POOL[1], 'to the service', SERVICE)
    await answered(person, 2)
    await text(person, POOL[0], 'to the number again', SERVICE)
    expect(await answered(person, 3)).toEqual([
      { from: POOL[0], body: 'echo: to the number' },
      { from: POOL[1], body: 'echo: to the service' },
      { from: POOL[0], body: 'echo: to the number again' },
    ])
    const found = (await conversationsWith(person)).map(({ agentId, sender }) => [agentId, sender])
    expect(found.sort()).toEqual([
      ['chat_agent_a', POOL[0]],
      ['chat_agent_b', POOL[1]],
    ])
    expect((await agents()).sort()).toEqual(['chat_agent_a', 'chat_agent_b'])
  })
})

describe('a number that gets or loses a route of its own', () => {
  const service = `{ messaging_service_sid: ${SERVICE}, inbound_agents: [{ agent_id: chat_agent_b }] }`
  const own = `{ sender: "${POOL[0]}", inbound_agents: [{ agent_id: chat_agent_a }] }`

  test.each([
    ['gets', `sms: [${service}]`, `sms: [${own}, ${service}]`],
    ['loses', `sms: [${own}, ${service}]`, `sms: [${service}]`],
  ])('%s it: what was taken in before is not taken in twice', async (_which, before, after) => {
    await begin(before)
    await api.line((line) => line.event === 'webhooks_first_start')
    const person = '+14155550110'
    await text(person, POOL[0], 'before', SERVICE)
    await answered(person, 1)
    await api.kill()
    writeFileSync(s.environment.CHATLANE_CONFIG ?? '', after)
    api = await apiBeside(s)
    const looked = await api.line((line) => line.event === 'webhooks_looked_back')
    expect(looked).toMatchObject({ found: 1, seen: 1, accepted: 0 })
    await text(person, POOL[0], 'after', SERVICE)
    await answered(person, 2)
    expect((await conversationsWith(person)).map(({ agentId }) => agentId).sort()).toEqual([
      'chat_agent_a',
      'chat_agent_b',
    ])
  })
})

test('WhatsApp and RCS senders have routes and conversations of their own', async () => {
  await begin(`sms:
  - { sender: "${POOL[0]}", inbound_agents: [{ agent_id: chat_agent_a }] }
  - { sender: "whatsapp:${POOL[0]}", inbound_agents: [{ agent_id: chat_agent_b }] }
  - { sender: "rcs:example_agent", inbound_agents: [{ agent_id: chat_agent_c }] }`)
  const person = '+14155550105'
  const ways = [
    [person, POOL[0]],
    [`whatsapp:${person}`, `whatsapp:${POOL[0]}`],
    [`rcs:${person}`, 'rcs:example_agent'],
  ] as const
  for (const [from, to] of ways) {
    await text(from, to, `hello ${to}`)
    expect(await answered(from, 1)).toMatchObject([{ from: to, body: `echo: hello ${to}` }])
  }
  expect(await agents()).toEqual(['chat_agent_a', 'chat_agent_b', 'chat_agent_c'])
})

describe('the agent that was chosen for someone', () => {
  const person = '+14155550106'

  test('stays, over restarts, other weights and new chats; people who come new get the others', async () => {
    await begin(listing('[{ agent_id: chat_agent_a }, { agent_id: chat_agent_b, weight: 0 }]'))
    await text(person, POOL[0], 'one')
    await answered(person, 1)

    writeFileSync(
      s.environment.CHATLANE_CONFIG ?? '',
      listing('[{ agent_id: chat_agent_a, weight: 0 }, { agent_id: chat_agent_b }]'),
    )
    await api.stop()
    worker.process.kill('SIGTERM')
    await worker.exit
    api = await apiBeside(s)
    worker = await startWorkerProcess()

    await text(person, POOL[0], 'two')
    await answered(person, 2)
    const [conversation] = await conversationsWith(person)
    if (!conversation) throw new Error('expected a conversation')
    await end(conversation)
    await text(person, POOL[0], 'three')
    await answered(person, 3)
    await text('+14155550107', POOL[0], 'new here')
    await answered('+14155550107', 1)
    expect(await agents()).toEqual(['chat_agent_a', 'chat_agent_a', 'chat_agent_b'])
  })

  test('is replaced with the next chat when the route lists it no more', async () => {
    await begin(listing('[{ agent_id: chat_agent_a }]'))
    await text(person, POOL[0], 'one')
    await answered(person, 1)
    await reroute(listing('[{ agent_id: chat_agent_b }]'))
    await text(person, POOL[0], 'two')
    await answered(person, 2)
    // The chat that is open goes on.
    expect(await agents()).toEqual(['chat_agent_a'])
    const [conversation] = await conversationsWith(person)
    if (!conversation) throw new Error('expected a conversation')
    expect(conversation.agentId).toBe('chat_agent_a')
    await end(conversation)
    await text(person, POOL[0], 'three')
    await answered(person, 3)
    expect(await agents()).toEqual(['chat_agent_a', 'chat_agent_b'])
    expect(await conversationsWith(person)).toMatchObject([{ agentId: 'chat_agent_b' }])
  })

  test('is the same whoever writes first', async () => {
    await begin(listing('[{ agent_id: chat_agent_a }], outbound_agents: [{ agent_id: chat_agent_c }]'))
    const write = async (to: string) => {
      const response = await fetch(`${api.url}/v1/sms`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ to, text: 'Good morning.' }),
      })
      expect(response.status).toBe(202)
    }
    await write(person)
    await answered(person, 1)
    await text(person, POOL[0], 'hello')
    await answered(person, 2)
    expect(await agents()).toEqual(['chat_agent_c'])
    const other = '+14155550108'
    await text(other, POOL[0], 'hello')
    await answered(other, 1)
    await write(other)
    await answered(other, 2)
    await text(other, POOL[0], 'again')
    await answered(other, 3)
    expect(await agents()).toEqual(['chat_agent_c', 'chat_agent_a'])
    expect(await conversationsWith(other)).toMatchObject([{ agentId: 'chat_agent_a' }])
  })
})

test('a reload reaches conversations that are there; a bad file changes nothing and is explained', async () => {
  await begin(listing('[{ agent_id: chat_agent_a }], auto_close_after_ms: 0'))
  const person = '+14155550109'
  await text(person, POOL[0], 'one')
  await answered(person, 1)

  writeFileSync(s.environment.CHATLANE_CONFIG ?? '', `sms:\n  - sender: "${POOL[0]}"\n    agents: []\n`)
  worker.process.kill('SIGHUP')
  const { problems } = await worker.line((line) => line.problems !== undefined)
  expect(problems).toEqual(
    expect.arrayContaining([expect.stringMatching(/:3: sms\[0\]\.agents: expected one of sender, /)]),
  )
  await text(person, POOL[0], 'two')
  await answered(person, 2)

  await reroute(listing('[{ agent_id: chat_agent_a }], auto_close_after_ms: 1000, auto_close_message: Bye.'))
  await text(person, POOL[0], 'three')
  await expect.poll(async () => (await sentTo(person)).at(-1)?.body).toBe('Bye.')
  expect(await s.sandbox.chats()).toMatchObject([{ status: 'ended', completions: 3 }])

  // A number that is not in the file any more takes nothing in.
  await reroute('sms: []')
  expect((await s.sandbox.sendSms({ from: person, to: POOL[0], body: 'four' })).status).toBe(404)
})
