import { scrape, total } from '@chatlane/dev'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
beforeAll(async () => {
  s = await stage({})
})
afterAll(() => s.stop())

test('an exchange with a machine comes to its end, which is shown and counted', async () => {
  const from = '+14155550133'
  const texts = Array.from({ length: 17 }, () => 'I am out of office until Monday.')
  let conversation = await s.text(from, 'Hello')
  for (const text of texts) {
    await s.settled(conversation)
    conversation = await s.text(from, text)
  }
  const items = await s.settled(conversation)
  const dropped = items.filter(({ status }) => status === 'dropped')
  expect(dropped).toMatchObject([
    { text: texts[0], reason: 'loop', reason_text: expect.stringMatching(/machine/) },
    { text: texts[0], reason: 'loop' },
  ])
  expect(items.filter(({ role }) => role === 'agent')).toHaveLength(16)
  expect(total(await scrape(s.workerUrl), 'chatlane_messages_dropped_total', { reason: 'loop' })).toBe(2)
  const next = await s.text(from, 'I am back. Is it still to be had?')
  expect((await s.settled(next)).at(-1)).toMatchObject({ role: 'agent' })
})

test('a machine that answers our failure texts is capped as well', async () => {
  const fault = { kind: 'status', status: 400 } as const
  await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', fault }] })
  let conversation = await s.text('+14155550134', 'Who is there?')
  for (let i = 0; i < 15; i++) {
    await s.settled(conversation)
    conversation = await s.text('+14155550134', 'Who is there?')
  }
  expect((await s.settled(conversation)).at(-1)).toMatchObject({ role: 'user', status: 'dropped', reason: 'loop' })
})
