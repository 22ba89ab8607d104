import twilio from 'twilio'
import { beforeEach, expect, test } from 'vitest'
import { sandboxCredentials } from '../src/index.ts'
import { useSandbox } from './started-sandbox.ts'

const s = useSandbox()
let client: twilio.Twilio
beforeEach(async () => {
  client = twilio(sandboxCredentials.twilioAccountSid, sandboxCredentials.twilioAuthToken)
  client.api.baseUrl = s.sandbox.twilioUrl
  await s.control.settings({ status_callbacks: false, status_delay_ms: 0 })
})

const from = '+15005550006'
const to = '+14155550100'
const statusOf = async (sid: string) => (await client.messages(sid).fetch()).status
const refusalOf = (refused: Promise<unknown>) =>
  refused.then(
    () => undefined,
    ({ code }) => code,
  )

test('a sender sends so many segments per second, the others wait in its queue', async () => {
  await s.control.settings({ max_per_second: 0.5, queue_segments: 3 })
  const first = await client.messages.create({ to, from, body: 'one' })
  const second = await client.messages.create({ to, from, body: 'two' })
  await expect.poll(() => statusOf(first.sid)).toBe('delivered')
  expect(await statusOf(second.sid)).toBe('queued')
  expect(await refusalOf(client.messages.create({ to, from, body: 'a'.repeat(400) }))).toBe(21611)
  const other = await client.messages.create({ to, from: '+15005550009', body: 'mine' })
  await expect.poll(() => statusOf(other.sid)).toBe('delivered')
  await expect.poll(() => statusOf(second.sid)).toBe('delivered')
})

test('a Messaging Service takes what is too much, and it fails later', async () => {
  await s.control.settings({ max_per_second: 0.001, queue_segments: 1 })
  const service = { to, messagingServiceSid: `MG${'0'.repeat(32)}`, body: 'x' }
  await client.messages.create(service)
  const { sid } = await client.messages.create(service)
  await expect.poll(() => statusOf(sid)).toBe('failed')
  expect((await client.messages(sid).fetch()).errorCode).toBe(30001)
})

test('messages to a number do not arrive, with the code that was asked for', async () => {
  await s.control.settings({ delivery_failures: [{ to, status: 'undelivered', code: 30003, times: 1 }] })
  const other = await client.messages.create({ to: '+14155550101', from, body: 'x' })
  const first = await client.messages.create({ to, from, body: 'x' })
  const second = await client.messages.create({ to, from, body: 'x' })
  await expect.poll(() => statusOf(first.sid)).toBe('undelivered')
  expect((await client.messages(first.sid).fetch()).errorCode).toBe(30003)
  for (const { sid } of [other, second]) await expect.poll(() => statusOf(sid)).toBe('delivered')
  expect((await s.control.settings()).delivery_failures).toMatchObject([{ times: 0 }])
})

test('WhatsApp takes free texts after the person wrote, and templates at any time', async () => {
  const ends = { to: `whatsapp:${to}`, from: `whatsapp:${from}` }
  const template = { contentSid: `HX${'0a'.repeat(16)}`, contentVariables: '{"1":"hi"}' }
  const before = await client.messages.create({ ...ends, body: 'x' })
  await expect.poll(() => statusOf(before.sid)).toBe('undelivered')
  expect((await client.messages(before.sid).fetch()).errorCode).toBe(63016)
  const templated = await client.messages.create({ ...ends, ...template })
  await expect.poll(() => statusOf(templated.sid)).toBe('delivered')
  await s.control.sendSms({ from: ends.to, to: ends.from, body: 'hello' })
  const after = await client.messages.create({ ...ends, body: 'x' })
  await expect.poll(() => statusOf(after.sid)).toBe('delivered')
  const entries = await s.control.history({ kind: 'twilio' })
  const sent = entries.find((entry) => entry.kind === 'twilio' && entry.sid === templated.sid)
  expect(sent).toMatchObject({ content_sid: template.contentSid, content_variables: template.contentVariables })
})

test('a template that is none is refused', async () => {
  const contentSid = `HX${'0a'.repeat(16)}`
  expect(await refusalOf(client.messages.create({ to, from, contentSid: 'HX1' }))).toBe(21655)
  for (const contentVariables of ['{', '[]', '{"1":2}'])
    expect(await refusalOf(client.messages.create({ to, from, contentSid, contentVariables }))).toBe(21656)
})
