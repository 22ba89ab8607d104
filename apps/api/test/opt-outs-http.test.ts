import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { anonymous, call, expectProblem } from './calls.ts'
import { type StartedApi, serviceSid, startApi, writeRoutes } from './started-api.ts'
import { inbound, messages, postForm } from './twilio-requests.ts'

const OURS = '+15005550006'
const WHATSAPP = 'whatsapp:+15005550006'

let api: StartedApi
beforeAll(async () => {
  const agents = 'inbound_agents: [{ agent_id: a }]'
  const routes = `sms:
  - { sender: "${OURS}", ${agents} }
  - { messaging_service_sid: ${serviceSid}, ${agents} }
  - { sender: "${WHATSAPP}", ${agents} }
`
  api = await startApi({ env: { CHATLANE_CONFIG: writeRoutes(routes) } })
})
afterAll(() => api.stop())

let people = 0
const newPerson = () => `+1415558${String(++people).padStart(4, '0')}`

const path = '/v1/opt-outs'
const add = (body: unknown, options = {}) => call(api.url, path, { method: 'POST', body, ...options })
const lift = (to: string, query = '') => call(api.url, `${path}/${to}${query}`, { method: 'DELETE' })
const list = (query: string) => call(api.url, `${path}?${query}`)

const isOptedOut = (participant: string, sender = OURS) => api.conversations.optOuts.has({ sender, participant })

describe('an opt-out', () => {
  test('is recorded for every sender that writes to the person there, once, and holds from then on', async () => {
    const to = newPerson()
    const pairs = (changed: boolean) => ({
      items: [OURS, serviceSid].map((sender) => ({ participant: to, sender, changed })),
    })
    expect(await add({ to, by: 'person' })).toMatchObject({ status: 200, body: pairs(true) })
    expect(await add({ to, by: 'person' })).toMatchObject({ status: 200, body: pairs(false) })
    expect(await call(api.url, '/v1/sms', { method: 'POST', body: { to, text: 'Hello' } })).toMatchObject({
      status: 409,
      body: { type: 'urn:chatlane:problem:opted_out' },
    })
    await postForm(api.url, messages, inbound({ From: to, To: OURS, Body: 'Hello?' }))
    const { conversations } = await api.conversations.list({ participant: to, limit: 1 })
    const { items } = await api.conversations.messages(conversations[0]?.id ?? '', '0', 10)
    expect(items).toMatchObject([{ text: 'Hello?', status: 'dropped', reason: 'opted_out' }])
    expect((await list(`to=${encodeURIComponent(to)}`)).body).toEqual({
      items: [OURS, serviceSid].map((sender) => ({
        participant: to,
        sender,
        by: 'person',
        at: expect.stringMatching(/Z$/),
      })),
      next: null,
    })
  })

  test('is lifted, once, and by a START of the person as well', async () => {
    const to = newPerson()
    await add({ to, from: OURS })
    expect(await isOptedOut(to)).toBe(true)
    expect(await lift(to, `?from=${OURS}`)).toMatchObject({
      status: 200,
      body: { items: [{ participant: to, sender: OURS, changed: true }] },
    })
    expect((await lift(to, `?from=${OURS}`)).body).toMatchObject({ items: [{ changed: false }] })
    expect(await isOptedOut(to)).toBe(false)
    await add({ to })
    await postForm(api.url, messages, inbound({ From: to, To: OURS, Body: 'START' }))
    expect(await isOptedOut(to)).toBe(false)
    expect(await isOptedOut(to, serviceSid)).toBe(true)
    expect((await lift(to)).body).toMatchObject({ items: [{ changed: false }, { changed: true }] })
  })

  test('on WhatsApp is apart from the one for SMS', async () => {
    const to = newPerson()
    expect((await add({ to: `WhatsApp:${to}`, from: WHATSAPP })).body).toEqual({
      items: [{ participant: `whatsapp:${to}`, sender: WHATSAPP, changed: true }],
    })
    expect(await isOptedOut(`whatsapp:${to}`, WHATSAPP)).toBe(true)
    expect(await isOptedOut(to)).toBe(false)
  })

  test.each([
    '\u202a+1 415 555 9001\u202c',
    'tel:+1-415-555-9001',
    '＋１４１５５５５９００１',
    '+1\u00a0(415)\u200e 555‑9001',
  ])('is recorded for a number as people copy it: %j', async (to) => {
    expect((await add({ to, from: OURS })).body).toMatchObject({ items: [{ participant: '+14155559001' }] })
  })

  test('of a person whose plus sign got lost in the query is found', async () => {
    const to = newPerson()
    await add({ to, from: OURS })
    expect((await list(`to=${to}&from=${OURS}`)).body).toMatchObject({ items: [{ participant: to, by: 'operator' }] })
    expect((await lift(encodeURIComponent(to))).body).toMatchObject({ items: [{ changed: true }, {}] })
  })

  test('can name a sender that is in the routes file no more', async () => {
    const to = newPerson()
    const sender = '+15005550099'
    expect((await add({ to, from: sender })).body).toEqual({ items: [{ participant: to, sender, changed: true }] })
    expect((await list(`to=${encodeURIComponent(to)}&from=${encodeURIComponent(sender)}`)).body).toMatchObject({
      items: [{ sender }],
    })
  })
})

test('the list has pages', async () => {
  const pageForm = z.object({ items: z.array(z.object({ participant: z.string() })), next: z.string().nullable() })
  const added = Array.from({ length: 7 }, newPerson)
  for (const to of added) await add({ to, from: OURS })
  const seen: string[] = []
  let cursor = ''
  do {
    const page = pageForm.parse((await list(`limit=3${cursor && `&cursor=${cursor}`}`)).body)
    expect(page.items.length).toBeLessThanOrEqual(3)
    seen.push(...page.items.map(({ participant }) => participant))
    cursor = page.next ?? ''
  } while (cursor !== '')
  expect(seen).toEqual(expect.arrayContaining(added))
})

describe('what is wrong is said:', () => {
  test.each([
    [{}, 400, 'invalid_request', 'to'],
    [{ to: '4155550123' }, 422, 'unreachable', 'to'],
    [{ to: '+14155550123', from: 'nobody' }, 400, 'invalid_request', 'from'],
    [{ to: '+14155550123', by: 'carrier' }, 400, 'invalid_request', 'by'],
    [{ to: '+14155550123', why: 'x' }, 400, 'invalid_request', 'why'],
  ])('%j is %i %s', async (body, status, code, field) => {
    const answer = await add(body)
    expectProblem(answer, status, code)
    expect(answer.body).toMatchObject({ errors: [{ path: field }] })
  })

  test.each(['limit=0', 'cursor=x', 'sender=x', `from=${encodeURIComponent(OURS)}`, 'to=hello'])(
    '?%s',
    async (query) => {
      expect((await list(query)).status).toBeGreaterThanOrEqual(400)
      expect((await list(query)).status).toBeLessThan(500)
    },
  )

  test('without an API key', async () => {
    for (const [method, at] of [
      ['POST', path],
      ['GET', path],
      ['DELETE', `${path}/+14155550123`],
    ] as const)
      expectProblem(await call(api.url, at, { method, headers: anonymous }), 401, 'unauthorized')
  })
})
