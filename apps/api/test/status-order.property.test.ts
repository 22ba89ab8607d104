import type { LedgerItem } from '@chatlane/core'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, newConversation, say } from './calls.ts'
import { accountSid, type StartedApi, startApi } from './started-api.ts'
import { newSid, postForm } from './twilio-requests.ts'

/** A failing run prints its seed; STATUS_SEED=<seed> runs it again. */
const seed = Number(process.env.STATUS_SEED ?? Date.now() % 2 ** 31)

let api: StartedApi
let conversation: string
beforeAll(async () => {
  api = await startApi({ mostWaiting: 10_000 })
  conversation = (await newConversation(api.url)).id
})
afterAll(() => api.stop())

interface Callback {
  part: number
  /** Which of the sids of its part. */
  sid: number
  status: string
  code?: string
}

const status = fc.constantFrom('queued', 'accepted', 'sending', 'sent', 'delivered', 'read')
const failure = fc.constantFrom('failed', 'undelivered')
// None is sent again.
const codes = ['30005', '30006', '30007', '30410']

const scenario = fc.integer({ min: 1, max: 3 }).chain((parts) => {
  const place = { part: fc.integer({ min: 0, max: parts - 1 }), sid: fc.integer({ min: 0, max: 1 }) }
  const went = fc.record({ ...place, status })
  // Twilio gives a state of a message one code.
  const failed = fc.record({ ...place, status: failure }).map((one) => {
    const code = codes[(2 * one.part + one.sid + (one.status === 'failed' ? 1 : 0)) % codes.length]
    return { ...one, ...(code !== undefined && { code }) }
  })
  const callback = fc.oneof({ weight: 6, arbitrary: went }, { weight: 1, arbitrary: failed })
  return fc.record({
    parts: fc.constant(parts),
    said: fc.array<Callback>(callback, { minLength: 1, maxLength: 8 }).chain((all) =>
      fc.record({
        one: fc.shuffledSubarray(all, { minLength: all.length }),
        // Once more in another order, with repetitions.
        other: fc
          .tuple(
            fc.shuffledSubarray(all, { minLength: all.length }),
            fc.array(fc.constantFrom(...all), { maxLength: 4 }),
          )
          .map(([whole, more]) => [...whole, ...more]),
      }),
    ),
  })
})

/** Says these of one of our messages; gives its id. */
async function told(
  about: { conversation: string; to?: string | undefined; from?: string | undefined },
  parts: number,
  callbacks: readonly Callback[],
) {
  const { conversation, to, from } = about
  const message = await say(api.url, conversation, 'x')
  const sids = new Map<string, string>()
  for (const { part, sid, status, code } of callbacks) {
    const name = `${part} ${sid}`
    sids.set(name, sids.get(name) ?? newSid())
    const query = new URLSearchParams({ conversation, message, part: String(part), parts: String(parts) })
    const fields = {
      AccountSid: accountSid,
      MessageSid: sids.get(name) ?? '',
      MessageStatus: status,
      ...(code !== undefined && { ErrorCode: code }),
      ...(to !== undefined && { To: to }),
      ...(from !== undefined && { From: from }),
    }
    expect((await postForm(api.url, `/webhooks/twilio/status?${query}`, fields)).status).toBe(204)
  }
  return message
}

async function endOf(parts: number, callbacks: readonly Callback[]): Promise<Partial<LedgerItem> | undefined> {
  const message = await told({ conversation }, parts, callbacks)
  const { items } = await api.conversations.messages(conversation, '0', 10_000)
  const { status, reason, reason_text } = items.find(({ id }) => id === message) ?? {}
  return { ...(status && { status }), ...(reason && { reason }), ...(reason_text && { reason_text }) }
}

test('whatever the order of callbacks, and however often they come, a message ends in the same state', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ parts, said }) => {
      expect(await endOf(parts, said.other)).toEqual(await endOf(parts, said.one))
    }),
    { seed, numRuns: 60 },
  )
})

/** News of one Twilio id: it arrived, and it did not. Some of the codes would be sent again, flag the number or pause the sender. */
const contradiction = fc
  .record({
    arrivals: fc.constantFrom(['delivered'], ['read'], ['delivered', 'read']),
    before: fc.subarray(['queued', 'sending', 'sent']),
    failure: fc.constantFrom('failed', 'undelivered'),
    code: fc.constantFrom('30008', '30003', '30005', '30006', '30004', '30007', '30001', '30032', '30034', '39999'),
  })
  .chain(({ arrivals, before, failure, code }) => {
    const all = [...before, ...arrivals].map((status): Callback => ({ part: 0, sid: 0, status }))
    const failed: Callback = { part: 0, sid: 0, status: failure, code }
    const said = fc.shuffledSubarray([...all, failed], { minLength: all.length + 1 })
    return fc.record({ said, end: fc.constant(arrivals.at(-1)) })
  })

let people = 0

test('what arrived stays so, is not sent again and speaks against nobody, whenever a failure is told of it', async () => {
  await fc.assert(
    fc.asyncProperty(contradiction, async ({ said, end }) => {
      people++
      const [to, from] = [4, 5].map((i) => `+1${i}15556${String(people).padStart(4, '0')}`)
      const origin = { channel: 'sms', participant: to ?? '', sender: from ?? '', agentId: 'chat_agent_sms' } as const
      const { conversationId: about } = await api.conversations.acceptFrom(origin, { text: 'hi', key: newSid() })
      const message = await told({ conversation: about, to, from }, 1, said)
      const { items } = await api.conversations.messages(about, '0', 10)
      expect(items.find(({ id }) => id === message)?.status).toBe(end)
      expect(await api.conversations.flaggedNumbers.isFlagged(origin.participant)).toBeUndefined()
      const arrived = said.findIndex(({ status }) => status === 'delivered' || status === 'read')
      const failed = said.findIndex(({ code }) => code !== undefined)
      // What was queued before is left when its turn comes.
      const mail = await api.redis.llen(`{${api.prefix}:0}:deliveries:mail:${about}`)
      if (failed > arrived) expect(mail).toBe(0)
      const pauses = JSON.stringify((await call(api.url, '/v1/pauses')).body)
      if (failed > arrived) expect(pauses).not.toContain(origin.sender)
    }),
    { seed, numRuns: 50 },
  )
})
