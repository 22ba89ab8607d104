import twilio from 'twilio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sandboxCredentials } from '../src/index.ts'
import { receivePosts } from './received-posts.ts'
import { useSandbox } from './started-sandbox.ts'

const publicUrl = 'https://router.example.com'
const at = useSandbox({ publicUrl, twilioApiKey: { sid: 'SK1', secret: 'key-secret' } })
const { twilioAccountSid: accountSid, twilioAuthToken: authToken } = sandboxCredentials
const from = '+15005550006'
let api: Awaited<ReturnType<typeof receivePosts>>

beforeAll(async () => {
  api = await receivePosts()
  await at.control.settings({ api_url: api.url })
})
afterAll(() => api.close())

function client(user = accountSid, password = authToken) {
  const made = twilio(user, password, { accountSid })
  made.api.baseUrl = at.sandbox.twilioUrl
  return made
}

describe("Twilio's REST API through the twilio library", () => {
  test('create, fetch, unique sids', async () => {
    const one = await client().messages.create({ from, to: '+14155550100', body: 'hi' })
    const two = await client('SK1', 'key-secret').messages.create({ from, to: '+14155550100', body: 'hi' })
    expect(one).toMatchObject({
      from,
      to: '+14155550100',
      body: 'hi',
      status: 'queued',
      direction: 'outbound-api',
      numSegments: '1',
    })
    expect(one.sid).toMatch(/^SM[0-9a-f]{32}$/)
    expect(two.sid).not.toBe(one.sid)
    expect(await client().messages(one.sid).fetch()).toMatchObject({ sid: one.sid, dateCreated: expect.any(Date) })
    const entries = await at.control.history({ kind: 'twilio' })
    expect(entries[0]).toMatchObject({
      operation: 'message-create',
      sid: one.sid,
      to: '+14155550100',
      body: 'hi',
      effect: true,
    })
  })

  test.each([
    [{ to: '+15005550001' }, 21211],
    [{ to: '+15005550002' }, 21612],
    [{ to: '+15005550003' }, 21408],
    [{ to: '+15005550004' }, 21610],
    [{ to: '+15005550009' }, 21614],
    [{ to: 'nobody' }, 21211],
    [{ to: from }, 21266],
    [{ from: 'whatsapp:+15005550006' }, 21910],
    [{ to: 'whatsapp:+14155550100' }, 21910],
    [{ from: '+15005550001' }, 21212],
    [{ from: '+15005550007' }, 21606],
    [{ from: '+15005550008' }, 21611],
    [{ body: 'x'.repeat(1601) }, 21617],
    [{ body: '' }, 21602],
    [{ statusCallback: 'ftp://x' }, 21609],
    [{ mediaUrl: Array.from({ length: 11 }, (_, i) => `https://www.example.com/${i}.png`) }, 21623],
  ])('%o is refused with %i', async (fields, code) => {
    const message = { from, to: '+14155550100', body: 'hi', ...fields }
    await expect(client().messages.create(message)).rejects.toMatchObject({ status: 400, code })
    expect(await client().messages.list()).toEqual([])
  })

  test('a missing sender is refused, and so are numbers the account does not own', async () => {
    await expect(client().messages.create({ to: '+14155550100', body: 'hi' })).rejects.toMatchObject({ code: 21603 })
    await at.control.settings({ senders: ['+15005550006'] })
    const other = { from: '+14155550199', to: '+14155550100', body: 'hi' }
    await expect(client().messages.create(other)).rejects.toMatchObject({ code: 21606 })
  })

  test('wrong credentials and unknown sids', async () => {
    await expect(client(accountSid, 'wrong').messages.list()).rejects.toMatchObject({ status: 401, code: 20003 })
    await expect(client().messages('SM00000000000000000000000000000000').fetch()).rejects.toMatchObject({
      status: 404,
      code: 20404,
    })
  })

  test('lists by To, From and date, newest first, over several pages', async () => {
    await at.control.settings({ statuses: ['queued', 'sent'], status_delay_ms: 0 })
    const made: string[] = []
    for (let i = 0; i < 5; i += 1) {
      made.push((await client().messages.create({ from, to: `+1415555010${i % 2}`, body: `n${i}` })).sid)
    }
    const sids = async (filter: Parameters<ReturnType<typeof client>['messages']['list']>[0]) =>
      (await client().messages.list(filter)).map(({ sid }) => sid)
    expect(await sids({ pageSize: 2 })).toEqual(made.toReversed())
    expect(await sids({ limit: 3, pageSize: 2 })).toEqual(made.toReversed().slice(0, 3))
    expect(await sids({ to: '+14155550101', from, pageSize: 1 })).toEqual([made[3], made[1]])
    expect(await sids({ from: '+14155550199' })).toEqual([])
    await expect.poll(() => sids({ dateSentAfter: new Date(Date.now() - 60_000) })).toHaveLength(5)
    expect(await sids({ dateSentAfter: new Date(Date.now() + 60_000) })).toEqual([])
    expect(await sids({ dateSentBefore: new Date(Date.now() - 60_000) })).toEqual([])
  })

  test('a message not sent yet fits no filter on DateSent', async () => {
    await at.control.settings({ statuses: ['queued'] })
    await client().messages.create({ from, to: '+14155550100', body: 'hi' })
    expect(await client().messages.list()).toHaveLength(1)
    expect(await client().messages.list({ dateSentAfter: new Date(0) })).toEqual([])
  })

  test('a Messaging Service picks the sender later', async () => {
    const messagingServiceSid = `MG${'1'.repeat(32)}`
    const made = await client().messages.create({ messagingServiceSid, to: '+14155550100', body: 'hi' })
    expect(made).toMatchObject({ status: 'accepted', from: null, messagingServiceSid, numSegments: '0' })
    await expect.poll(async () => (await client().messages(made.sid).fetch()).status).toBe('delivered')
    expect((await client().messages(made.sid).fetch()).from).toBe(from)
  })

  test('a Messaging Service sends from the number that is asked for', async () => {
    const wanted = { messagingServiceSid: `MG${'1'.repeat(32)}`, from: '+15005550010', to: '+14155550100' }
    const made = await client().messages.create({ ...wanted, body: 'pinned' })
    expect(made).toMatchObject({ status: 'accepted', from: wanted.from })
    await expect.poll(async () => (await client().messages(made.sid).fetch()).status).toBe('delivered')
    expect((await client().messages(made.sid).fetch()).from).toBe(wanted.from)
  })

  test('faults: a 429 with its code, and a create that took effect behind a 500', async () => {
    const message = { from, to: '+14155550100', body: 'hi' }
    await at.control.setFaults({
      rules: [
        {
          target: 'twilio',
          operation: 'message-create',
          times: 1,
          match: { to: '+14155550100' },
          fault: { kind: 'status', status: 429 },
        },
        {
          target: 'twilio',
          operation: 'message-create',
          times: 1,
          fault: { kind: 'status', status: 500, when: 'after' },
        },
      ],
    })
    await expect(client().messages.create(message)).rejects.toMatchObject({ status: 429, code: 20429 })
    expect(await client().messages.list()).toHaveLength(0)
    await expect(client().messages.create(message)).rejects.toMatchObject({ status: 500, code: 20500 })
    expect(await client().messages.list()).toHaveLength(1)
    await at.control.setFaults({ rules: [{ target: 'twilio', fault: { kind: 'drop', when: 'after' } }] })
    await expect(client().messages.create(message)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('status callbacks', () => {
  const statusCallback = `${publicUrl}/webhooks/twilio/status?delivery=d1`

  test('come signed over the public URL, in order, without the initial status', async () => {
    const before = api.posts.length
    const { sid } = await client().messages.create({ from, to: '+14155550100', body: 'hi', statusCallback })
    const posts = (await api.count(before + 2)).slice(before)
    const forms = posts.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
    expect(forms.map(({ MessageStatus }) => MessageStatus)).toEqual(['sent', 'delivered'])
    expect(forms[0]).toMatchObject({ MessageSid: sid, AccountSid: accountSid, To: '+14155550100', From: from })
    for (const [i, post] of posts.entries()) {
      expect(post.path).toBe('/webhooks/twilio/status?delivery=d1')
      const signature = String(post.headers['x-twilio-signature'])
      expect(twilio.validateRequest(authToken, signature, statusCallback, forms[i] ?? {})).toBe(true)
    }
    await expect
      .poll(async () => (await at.control.history({ kind: 'status_callback' })).map(({ status }) => status))
      .toEqual([204, 204])
  })

  test('can come out of order and with an error; the message itself only goes forward', async () => {
    await at.control.settings({ statuses: ['undelivered', 'sent'], status_error_code: 30005, status_delay_ms: 1 })
    const before = api.posts.length
    const { sid } = await client().messages.create({ from, to: '+14155550100', body: 'hi', statusCallback })
    const forms = (await api.count(before + 2)).slice(before).map(({ body }) => new URLSearchParams(body))
    expect(forms.map((form) => [form.get('MessageStatus'), form.get('ErrorCode')])).toEqual([
      ['undelivered', '30005'],
      ['sent', null],
    ])
    expect(await client().messages(sid).fetch()).toMatchObject({ status: 'undelivered', errorCode: 30005 })
  })

  test('can be off, and the message still moves on', async () => {
    await at.control.settings({ status_callbacks: false, status_delay_ms: 0 })
    const { sid } = await client().messages.create({ from, to: '+14155550100', body: 'hi', statusCallback })
    await expect.poll(async () => (await client().messages(sid).fetch()).status).toBe('delivered')
    expect(await at.control.history({ kind: 'status_callback' })).toEqual([])
  })
})

describe('inbound SMS', () => {
  const sms = { from: '+14155550100', to: from, body: 'Hi, é & 100%?' }

  test('reaches the api signed, and stands in the list as inbound', async () => {
    const before = api.posts.length
    const sent = await at.control.sendSms(sms)
    expect(sent).toMatchObject({ status: 204, duplicate: false, error: null, texted_back: null })
    const post = (await api.count(before + 1))[before]
    const form = Object.fromEntries(new URLSearchParams(post?.body))
    expect(form).toMatchObject({
      MessageSid: sent.message_sid,
      From: sms.from,
      To: sms.to,
      Body: sms.body,
      NumMedia: '0',
    })
    const signature = String(post?.headers['x-twilio-signature'])
    expect(twilio.validateRequest(authToken, signature, `${publicUrl}/webhooks/twilio/messages`, form)).toBe(true)
    const [listed] = await client().messages.list({ to: from })
    expect(listed).toMatchObject({ sid: sent.message_sid, direction: 'inbound', status: 'received', body: sms.body })
  })

  test('the same sid again is another delivery of the same message', async () => {
    const { message_sid } = await at.control.sendSms(sms)
    expect(await at.control.sendSms({ ...sms, message_sid })).toMatchObject({
      message_sid,
      duplicate: true,
      status: 204,
    })
    expect(await client().messages.list()).toHaveLength(1)
    expect(await at.control.history({ kind: 'inbound_sms' })).toMatchObject([{ duplicate: false }, { duplicate: true }])
  })

  test('media, further fields, and a plain-text answer that would be texted back', async () => {
    api.answers.push({ status: 200, text: 'OK' })
    const before = api.posts.length
    const sent = await at.control.sendSms({ ...sms, num_media: 2, fields: { OptOutType: 'HELP' } })
    expect(sent).toMatchObject({ status: 200, texted_back: 'OK', message_sid: expect.stringMatching(/^MM/) })
    const form = new URLSearchParams(api.posts[before]?.body)
    expect([form.get('NumMedia'), form.get('MediaUrl1') !== null, form.get('OptOutType')]).toEqual(['2', true, 'HELP'])
  })

  test('a wrong or missing signature on demand', async () => {
    const before = api.posts.length
    await at.control.sendSms({ ...sms, signature: 'wrong' })
    await at.control.sendSms({ ...sms, signature: 'missing' })
    const [wrong, missing] = api.posts.slice(before)
    const form = Object.fromEntries(new URLSearchParams(wrong?.body))
    const url = `${publicUrl}/webhooks/twilio/messages`
    expect(twilio.validateRequest(authToken, String(wrong?.headers['x-twilio-signature']), url, form)).toBe(false)
    expect(missing?.headers['x-twilio-signature']).toBeUndefined()
  })

  test("the api's refusal is passed on, its absence is a 502", async () => {
    api.answers.push({ status: 503 })
    expect(await at.control.sendSms(sms)).toMatchObject({ status: 503 })
    await at.control.settings({ api_url: 'http://127.0.0.1:1' })
    const away = await at.call('POST', '/_sandbox/sms', sms)
    expect(away).toMatchObject({ status: 502, body: { status: null, error: 'ECONNREFUSED' } })
    await at.control.settings({ api_url: api.url })
  })

  test('STOP blocks the pair, START opens it again', async () => {
    const reply = { from: sms.to, to: sms.from, body: 'hi' }
    await at.control.sendSms({ ...sms, body: 'STOP please' })
    await client().messages.create(reply)
    await at.control.sendSms({ ...sms, body: ' Stop ' })
    await expect(client().messages.create(reply)).rejects.toMatchObject({ code: 21610 })
    await at.control.sendSms({ ...sms, body: 'START' })
    expect((await client().messages.create(reply)).status).toBe('queued')
  })
})

describe('what becomes of a message later', () => {
  const service = `MG${'0'.repeat(32)}`
  const to = '+14155550100'
  const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000)
  const schedule = (sendAt: Date, scheduleType: 'fixed' = 'fixed') =>
    client().messages.create({ messagingServiceSid: service, to, body: 'later', scheduleType, sendAt })

  const over = (sid: string) => expect.poll(async () => (await client().messages(sid).fetch()).status).toBe('delivered')

  test('a scheduled message is sent at its time', async () => {
    const message = await schedule(inMinutes(10))
    expect(message).toMatchObject({ status: 'scheduled', price: null })
    await at.control.settings({ twilio_clock_ms: 11 * 60_000 })
    await over(message.sid)
  })

  test.each([
    [1, 35117],
    [36 * 24 * 60, 35117],
  ])('one in %i minutes is refused', async (minutes, code) => {
    await expect(schedule(inMinutes(minutes))).rejects.toMatchObject({ status: 400, code })
  })

  test('without a Messaging Service the time has no effect', async () => {
    const wanted = { from, to, body: 'now', scheduleType: 'fixed' as const, sendAt: inMinutes(10) }
    expect((await client().messages.create(wanted)).status).toBe('queued')
  })

  test('a scheduled message can be cancelled, another one not', async () => {
    const { sid } = await schedule(inMinutes(10))
    expect(await client().messages(sid).update({ status: 'canceled' })).toMatchObject({ sid, status: 'canceled' })
    await expect(client().messages(sid).update({ status: 'canceled' })).rejects.toMatchObject({ code: 30409 })
  })

  test('a message that is over has a price, and can be redacted and deleted; before, neither', async () => {
    await at.control.settings({ status_delay_ms: 60_000 })
    const waits = await client().messages.create({ from, to, body: 'on its way' })
    await expect(client().messages(waits.sid).update({ body: '' })).rejects.toMatchObject({ code: 20009 })
    await expect(client().messages(waits.sid).remove()).rejects.toMatchObject({ code: 20009 })
    await at.control.settings({ status_delay_ms: 0 })
    const { sid } = await client().messages.create({ from, to, body: 'x'.repeat(200) })
    await over(sid)
    expect(await client().messages(sid).fetch()).toMatchObject({ price: '-0.01580', priceUnit: 'USD' })
    expect(await client().messages(sid).update({ body: '' })).toMatchObject({ sid, body: '' })
    expect(await client().messages(sid).remove()).toBe(true)
    await expect(client().messages(sid).fetch()).rejects.toMatchObject({ status: 404, code: 20404 })
    expect((await client().messages.list({ to })).map((message) => message.sid)).toEqual([waits.sid])
  })

  test('the files of an inbound message are listed, and can be deleted one by one', async () => {
    await at.control.sendSms({
      from: to,
      to: from,
      media: [{ content_type: 'image/png' }, { content_type: 'audio/ogg' }],
    })
    const [inbound] = await client().messages.list({ from: to })
    const media = () => client().messages(inbound?.sid ?? '').media
    const files = await media().list()
    expect(files.map(({ contentType }) => contentType)).toEqual(['image/png', 'audio/ogg'])
    expect(await media()(files[0]?.sid ?? '').remove()).toBe(true)
    expect((await media().list()).map(({ sid }) => sid)).toEqual([files[1]?.sid])
  })
})
