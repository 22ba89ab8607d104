import type { LedgerItem } from '@chatlane/core'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newConversation, say } from './calls.ts'
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

async function endOf(parts: number, callbacks: readonly Callback[]): Promise<Partial<LedgerItem> | undefined> {
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
    }
    expect((await postForm(api.url, `/webhooks/twilio/status?${query}`, fields)).status).toBe(204)
  }
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
