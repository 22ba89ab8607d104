import { createHmac } from 'node:crypto'
import { setTimeout as passed } from 'node:timers/promises'
import type { LedgerItem } from '@chatlane/core'
import { sandboxCredentials } from '@chatlane/sandbox'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { type ApiBeside, apiBeside } from './api-beside.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

let s: Stage
const apis: ApiBeside[] = []
afterEach(async () => {
  for (const api of apis.splice(0)) await api.kill()
  await s.stop()
})

const KEY = 'key-of-the-race'
const PERSON = '+14155550123'

/** Two api processes and two workers over several shards; gives the apis' addresses. */
async function everybody(): Promise<string[]> {
  s = await stage({ workers: 0, env: { QUEUE_SHARDS: '3', API_KEYS: KEY } })
  await Promise.all([s.workerProcess(), s.workerProcess()])
  const urls: string[] = []
  for (let i = 0; i < 2; i++) {
    const api = await apiBeside(s)
    apis.push(api)
    urls.push(api.url)
  }
  return urls
}

async function post(url: string, path: string, body: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

async function openWeb(url: string): Promise<string> {
  const created = z.object({ conversation_id: z.string() })
  return created.parse(await post(url, '/v1/conversations', { public_key: 'pk_quiet' })).conversation_id
}

let sids = 0

/** An SMS as Twilio brings it, to each of these apis at once. */
async function sms(urls: readonly string[], text: string): Promise<void> {
  const sid = `SM${String(++sids).padStart(32, '0')}`
  const fields: Record<string, string> = {
    MessageSid: sid,
    AccountSid: sandboxCredentials.twilioAccountSid,
    From: PERSON,
    To: NUMBER,
    Body: text,
    NumMedia: '0',
  }
  const path = '/webhooks/twilio/messages'
  const signed = Object.keys(fields)
    .sort()
    .reduce((all, name) => all + name + fields[name], s.environment.PUBLIC_URL + path)
  const signature = createHmac('sha1', sandboxCredentials.twilioAuthToken).update(signed).digest('base64')
  const statuses = await Promise.all(
    urls.map(async (url) => {
      const body = new URLSearchParams(fields)
      return (await fetch(url + path, { method: 'POST', headers: { 'x-twilio-signature': signature }, body })).status
    }),
  )
  expect(statuses).toEqual(urls.map(() => 204))
}

async function found(id: string) {
  const conversation = await s.conversations.find(id)
  if (!conversation) throw new Error('expected the conversation to be there')
  return conversation
}

const usersOf = (items: readonly LedgerItem[]) => items.filter(({ role }) => role === 'user')

/** What people said, by chat, in the order in which UponAI heard it. */
async function heard(): Promise<string[][]> {
  const chats = await s.sandbox.chats()
  return chats.map(({ messages }) => messages.flatMap(({ role, content = '' }) => (role === 'user' ? [content] : [])))
}

async function sent(): Promise<(string | null)[]> {
  const entries = await s.sandbox.history({ kind: 'twilio', limit: 10_000 })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' && entry.effect ? [entry.body] : [],
  )
}

it('messages of both channels, all at once through two apis and two workers, pass one lane', async () => {
  const urls = await everybody()
  const [one = '', other = ''] = urls
  const id = await openWeb(one)
  await post(other, `/v1/conversations/${id}/link`, { sms: PERSON })
  const count = 20
  const web = Array.from({ length: count }, (_, i) => `web ${i}`)
  const phone = Array.from({ length: count }, (_, i) => `sms ${i}`)
  await Promise.all([
    (async () => {
      for (const [i, text] of web.entries()) await post(urls[i % 2] ?? '', `/v1/conversations/${id}/messages`, { text })
    })(),
    (async () => {
      // Each webhook comes twice, to both.
      for (const text of phone) await sms(urls, text)
    })(),
  ])
  const items = await s.settled(await found(id), (all) => all.length === 4 * count)
  const users = usersOf(items)
  expect(users.every(({ status }) => status === 'answered')).toBe(true)
  // Each once, in one chat, in the order of the one history, which keeps that of each channel.
  expect(await heard()).toEqual([users.map(({ text }) => text)])
  expect(users.filter(({ channel }) => channel === 'web').map(({ text }) => text)).toEqual(web)
  expect(users.filter(({ channel }) => channel === 'sms').map(({ text }) => text)).toEqual(phone)
  expect(await s.sandbox.chats()).toMatchObject([{ max_in_flight: 1, max_working: 1, completions: 2 * count }])
  // Answers are in the order of the questions, and those by SMS were sent, once each and in order.
  const answers = items.filter(({ role }) => role === 'agent')
  expect(answers.map(({ text }) => text)).toEqual(users.map(({ text }) => `echo: ${text}`))
  expect(await sent()).toEqual(answers.filter(({ channel }) => channel === 'sms').map(({ text }) => text))
  expectChannelOfTheLastMessage(items)

  // And at rest, to where the person wrote last for certain.
  for (const [channel, say] of [
    ['sms', () => sms([one], 'bye')],
    ['web', () => post(other, `/v1/conversations/${id}/messages`, { text: 'bye' })],
  ] as const) {
    const before = (await s.settled(await found(id))).length
    await say()
    const last = (await s.settled(await found(id), (all) => all.length === before + 2)).at(-1)
    expect(last).toMatchObject({ role: 'agent', channel })
  }
}, 420_000)

/**
 * An answer's way is read just before its commit: the person wrote last there before it, or a moment before that. Where the
 * last two messages before an answer came the same way, it is the answer's.
 */
function expectChannelOfTheLastMessage(items: readonly LedgerItem[]): void {
  for (const [i, item] of items.entries()) {
    if (item.role !== 'agent') continue
    const [last, ...before] = usersOf(items.slice(0, i)).toReversed()
    if (!last || before.slice(0, 2).some(({ channel }) => channel !== last.channel)) continue
    expect([item.text, item.channel]).toEqual([item.text, last.channel])
  }
}

it('nothing is lost or doubled when a number is linked while its messages come, each of them twice', async () => {
  const urls = await everybody()
  const [one = '', other = ''] = urls
  for (const url of urls) await sms([url], `hello ${url === one ? 1 : 2}`)
  const held = await s.conversations.holderOf({ channel: 'sms', to: PERSON, from: NUMBER })
  const old = held?.id ?? ''
  const ids = [await openWeb(one), await openWeb(other)]
  const count = 30
  const texts = Array.from({ length: count }, (_, i) => `text ${i}`)
  let done = false
  await Promise.all([
    (async () => {
      for (const text of texts) await sms(urls, text)
      done = true
    })(),
    (async () => {
      // From one to the other and back, through both apis.
      for (let i = 0; !done; i++) {
        await passed(40)
        await post(urls[i % 2] ?? '', `/v1/conversations/${ids[i % 2]}/link`, { sms: PERSON })
      }
    })(),
  ])
  const said = ['hello 1', 'hello 2', ...texts]
  await expect
    .poll(async () => (await heard()).flat().length, { timeout: 180_000, interval: 200 })
    .toBeGreaterThanOrEqual(said.length)
  const all = await Promise.all([old, ...ids].map(async (id) => s.settled(await found(id))))
  // Each message was said once and answered in one of them; the others say that it moved.
  expect((await heard()).flat().toSorted()).toEqual(said.toSorted())
  for (const text of said) {
    const statuses = all.flatMap(usersOf).flatMap((item) => (item.text === text ? [item.status] : []))
    expect([text, statuses.filter((status) => status !== 'moved' && status !== 'dropped')]).toEqual([
      text,
      ['answered'],
    ])
  }
  expect((await sent()).toSorted()).toEqual(said.map((text) => `echo: ${text}`).toSorted())
}, 420_000)
