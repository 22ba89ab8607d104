import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { z } from 'zod'
import { type ChannelCase, MEDIA_REPLY } from '../../../packages/core/src/channels/channel-case.ts'
import { CHANNELS } from '../../../packages/core/src/channels/channels.ts'
import { cases as rcs } from '../../../packages/core/src/channels/rcs/cases.ts'
import { cases as sms } from '../../../packages/core/src/channels/sms/cases.ts'
import { cases as web } from '../../../packages/core/src/channels/web/cases.ts'
import { cases as whatsapp } from '../../../packages/core/src/channels/whatsapp/cases.ts'
import { type ApiBeside, apiBeside } from './api-beside.ts'
import { type Stage, stage } from './stage.ts'

const TABLES: Record<string, ChannelCase[]> = { web, sms, whatsapp, rcs }

/** One sender of each channel for each way to treat files, and who writes to them. */
const ENDS = {
  sms: { senders: { describe: '+15005550006', reply: '+15005550010', ignore: '+15005550011' }, people: '+1415555' },
  whatsapp: {
    senders: {
      describe: 'whatsapp:+15005550006',
      reply: 'whatsapp:+15005550010',
      ignore: 'whatsapp:+15005550011',
    },
    people: 'whatsapp:+1415556',
  },
  rcs: { senders: { describe: 'rcs:brand_a', reply: 'rcs:brand_b', ignore: 'rcs:brand_c' }, people: 'rcs:+1415557' },
}

const routes = `sms:${Object.values(ENDS)
  .flatMap(({ senders }) => Object.entries(senders))
  .map(([policy, sender]) => {
    const text = policy === 'reply' ? `, text: "${MEDIA_REPLY}"` : ''
    return `
  - sender: "${sender}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    media: { policy: ${policy}${text}, send_links: true }`
  })
  .join('')}`

const folder = fileURLToPath(new URL('../../../packages/core/src/channels/', import.meta.url))
const docs = fileURLToPath(new URL('../../../docs/', import.meta.url))
const folders = readdirSync(folder, { withFileTypes: true })
  // Not a channel, but what carries three of them.
  .filter((entry) => entry.isDirectory() && entry.name !== 'twilio')
  .map(({ name }) => name)

test('every folder is a channel, and every channel has its folder and its table', () => {
  expect(folders.sort()).toEqual(Object.keys(CHANNELS).sort())
  expect(folders).toEqual(Object.keys(TABLES).sort())
})

describe.each(folders)('%s has what every channel has:', (name) => {
  const definition = new Map<string, object>(Object.entries(CHANNELS)).get(name) ?? {}

  test('a definition, a table and nothing that belongs elsewhere', () => {
    expect(readdirSync(`${folder}${name}`)).toEqual(expect.arrayContaining(['cases.ts', 'channel.ts']))
    expect(definition).toMatchObject({ name, mostCharacters: expect.any(Number), owns: expect.any(Function) })
    if (name !== 'web')
      expect(definition).toMatchObject({
        mostFiles: expect.any(Number),
        read: expect.any(Function),
        weigh: expect.any(Function),
      })
    expect(TABLES[name]?.length).toBeGreaterThan(3)
  })

  test('a page with the same sections as the others, to which the common page leads', () => {
    const page = readFileSync(`${docs}channels/${name}.md`, 'utf8')
    const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title)
    expect(sections).toEqual(['What comes in', 'What goes out', 'Limits', 'What is stored'])
    expect(readFileSync(`${docs}twilio.md`, 'utf8')).toContain(`(channels/${name}.md)`)
  })

  test('addresses that are its own alone', () => {
    const own: Record<string, string> = {
      web: 'c0_AAAAAAAAAAAAAAAAAAAAAA',
      sms: '+14155550100',
      whatsapp: 'whatsapp:+14155550100',
      rcs: 'rcs:+14155550100',
    }
    const owners = Object.entries(CHANNELS).filter(([, { owns }]) => owns(own[name] ?? ''))
    expect(owners.map(([owner]) => owner)).toEqual([name])
  })
})

const accepted = z.object({ conversation_id: z.string() })

describe('through the api’s door to the ledger and out again:', () => {
  let s: Stage
  let api: ApiBeside
  let apiUrl = ''
  beforeAll(async () => {
    s = await stage({ routes })
    api = await apiBeside(s, { API_KEYS: 'key-of-the-test' })
    apiUrl = (await s.sandbox.settings()).api_url
  })
  afterAll(async () => {
    await api.kill()
    await s.stop()
  })

  const post = (path: string, body: unknown) =>
    fetch(apiUrl + path, {
      method: 'POST',
      headers: { authorization: 'Bearer key-of-the-test', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  /** Brings the payload in as its channel does; gives the conversation, if there is one then. */
  async function bring(channel: string, number: number, { payload, files = [], media = 'describe' }: ChannelCase) {
    if (channel === 'web') {
      const opened = await post('/v1/conversations', { agent_id: 'chat_agent_a' })
      const { conversation_id: id } = accepted.parse(await opened.json())
      expect((await post(`/v1/conversations/${id}/messages`, payload)).status).toBe(202)
      return s.conversations.find(id)
    }
    const { senders, people } = ENDS[z.enum(['sms', 'whatsapp', 'rcs']).parse(channel)]
    const from = people + String(1_000 + number)
    const { Body: body = '', ...fields } = payload
    const given = files.map(({ type, bytes }) => ({ content_type: type, bytes }))
    const brought = await s.sandbox.sendSms({ from, to: senders[media], body, fields, media: given })
    expect(brought).toMatchObject({ status: 204, texted_back: null })
    const { conversations } = await s.conversations.list({ participant: from, limit: 1 })
    return conversations[0]
  }

  const link = /http:\/\/127\.0\.0\.1:9\/media\/[\w.-]+/g
  const linksNamed = (text: string) => text.replace(link, '<link>')

  describe.each(folders)('%s', (channel) => {
    const table = (TABLES[channel] ?? []).map((one, number) => ({ ...one, number }))

    it.each(table)('$name', async ({ number, ...one }) => {
      const { reads, stored, sent, answers = 'ok' } = one
      await s.sandbox.setScript({ rules: [{ answer: [answers] }] })
      const after = (await s.sandbox.history()).at(-1)?.seq ?? 0
      const conversation = await bring(channel, number, one)
      expect(conversation?.channel).toBe(stored && channel)
      if (!conversation || !stored) return
      const outgoing = sent.length > 0 ? 'delivered' : undefined
      const items = await s.settled(conversation, (all) =>
        all.every(({ role, status }) => role === 'user' || channel === 'web' || status === outgoing),
      )
      const [message] = items
      expect(message).toMatchObject({ role: 'user', channel, status: stored.status })
      expect(message?.reason).toBe(stored.reason)
      expect(linksNamed(message?.text ?? '')).toBe(stored.text ?? reads)
      const media = message?.media?.map(({ type, url }) => ({ type, url: linksNamed(url ?? '') }))
      expect(media).toEqual(stored.files?.map((type) => ({ type, url: '<link>' })))

      const history = await s.sandbox.history({ after })
      const said = history.flatMap((e) =>
        e.kind === 'uponai' && e.operation === 'completion' ? [e.content ?? ''] : [],
      )
      expect(said.map(linksNamed)).toEqual(reads === undefined ? [] : [reads])
      const sends = history.flatMap((e) =>
        e.kind === 'twilio' && e.operation === 'message-create' ? [{ body: e.body ?? '', files: e.media_urls }] : [],
      )
      expect(sends).toEqual(sent.map(({ body, files = [] }) => ({ body, files })))
      expect(items.filter(({ role }) => role === 'agent').map(({ text }) => text)).toEqual(
        reads === undefined ? [] : [answers],
      )
    })
  })
})
