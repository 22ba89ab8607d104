import { createSmsSender, type LedgerItem, loadConfig } from '@chatlane/core'
import { afterEach, expect, it } from 'vitest'
import { apiBeside } from './api-beside.ts'
import { NUMBER, type Stage, stage } from './stage.ts'

const PERSON = '+14155550321'
const FRONT = 'https://files.example.com/front.jpg'
const BACK = 'https://files.example.com/back.png'

const routes = `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: chat_agent_a }]
    media: { send_links: true }
    auto_close_message: "Bye: ${FRONT}"
`
const create = { target: 'twilio', operation: 'message-create', times: 1 } as const
const noList = { target: 'twilio', operation: 'message-list', fault: { kind: 'status', status: 503 } } as const

let s: Stage
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await s.stop()
})

/** What Twilio took, in order. */
async function taken() {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' && entry.effect
      ? [{ body: entry.body ?? '', files: entry.media_urls }]
      : [],
  )
}

async function ask(answer: string[], until: (items: LedgerItem[]) => boolean = () => true) {
  await s.sandbox.setScript({ rules: [{ answer }] })
  const conversation = await s.text(PERSON, 'show me')
  return s.settled(conversation, (all) => all.length === 1 + answer.length && until(all))
}

it('sends files with the first part of a long text, and keeps the agent’s own words in the ledger', async () => {
  s = await stage({ routes })
  const long = Array(400).fill('word').join(' ')
  const items = await ask([`${FRONT} ${long}`])
  expect(await taken()).toEqual([
    { body: long.slice(0, 1_599), files: [FRONT] },
    { body: long.slice(1_600), files: [] },
  ])
  expect(items.at(-1)).toMatchObject({ role: 'agent', text: `${FRONT} ${long}`, status: 'sent' })
})

it('leaves links alone where the route does not ask for it', async () => {
  s = await stage({})
  await ask([`See ${FRONT}`])
  expect(await taken()).toEqual([{ body: `See ${FRONT}`, files: [] }])
})

it('leaves our own texts alone', async () => {
  s = await stage({ routes: `${routes}    auto_close_after_ms: 500\n` })
  await s.sandbox.setScript({ rules: [{ answer: ['ok'] }] })
  const conversation = await s.text(PERSON, 'hi')
  await s.settled(conversation, (all) => all.some(({ role }) => role === 'system'))
  expect(await taken()).toEqual([
    { body: 'ok', files: [] },
    { body: `Bye: ${FRONT}`, files: [] },
  ])
})

it.each([
  ['answered with an error', { kind: 'status', status: 500, when: 'after' }],
  ['not answered', { kind: 'drop', when: 'after' }],
] as const)('sends a file alone once when Twilio took it and it was %s', async (_, fault) => {
  s = await stage({ routes })
  await s.sandbox.setFaults({ rules: [{ ...create, fault }] })
  const items = await ask([FRONT])
  expect(await taken()).toEqual([{ body: '', files: [FRONT] }])
  expect(items.at(-1)?.status).toBe('sent')
})

it('sends a file again that Twilio did not take, and tells it from the one before', async () => {
  s = await stage({ routes })
  await s.sandbox.setFaults({
    rules: [
      { ...create, fault: { kind: 'drop', when: 'after' } },
      { ...create, fault: { kind: 'drop', when: 'before' } },
    ],
  })
  const items = await ask([FRONT, BACK])
  expect(await taken()).toEqual([
    { body: '', files: [FRONT] },
    { body: '', files: [BACK] },
  ])
  expect(items.slice(1).map(({ status }) => status)).toEqual(['sent', 'sent'])
})

it('finds a file alone by how many there were: other pictures are somebody else’s', async () => {
  s = await stage({})
  const config = loadConfig('worker', s.environment)
  if (!config.twilio) throw new Error('expected Twilio to be set up')
  const sender = createSmsSender(config.twilio)
  const since = Date.now()
  const sid = await sender.send({ to: PERSON, from: NUMBER, body: '', mediaUrl: [FRONT, BACK] }, () => {})
  const find = (files: number, except: string[] = []) =>
    sender.find({ to: PERSON, from: NUMBER, body: '', files, since, except })
  expect(await find(2)).toEqual({ sid, similar: false })
  expect(await find(1)).toEqual({ similar: true })
  expect(await find(2, [sid])).toEqual({ similar: false })
})

it('knows by the status callback that a file was sent', async () => {
  s = await stage({ routes })
  ends.push((await apiBeside(s)).kill)
  await s.sandbox.setFaults({ rules: [{ ...create, fault: { kind: 'drop', when: 'after' } }, noList] })
  await ask([FRONT], (all) => all.at(-1)?.status === 'delivered')
  expect(await taken()).toEqual([{ body: '', files: [FRONT] }])
})
