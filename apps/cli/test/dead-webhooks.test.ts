import { afterEach, beforeEach, expect, test } from 'vitest'
import { chatlane } from './chatlane.ts'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeEach(() => {
  d = deployment()
})
afterEach(() => d.stop())

const run = (...words: string[]) => chatlane(['dead-letters', ...words], d.env)

/** A webhook that nobody took; gives its conversation and its dead letter's id. */
async function deadWebhook() {
  const { conversation } = await d.text('+14155550123', 'hello')
  const webhook = { type: 'message.received', own: 'message_id', data: { channel: 'sms', text: 'hello' } }
  await d.webhooks.add(conversation, { id: '1760000000000-0', data: JSON.stringify(webhook) })
  await d.workOff(d.webhooks, {
    handler: async () => ({ do: 'bury', reason: 'gone', detail: 'the receiver answered 410' }),
  })
  const { letters } = await d.letters.list({ limit: 10 })
  return { conversation, id: letters[0]?.id ?? '' }
}

test('webhooks that nobody took are listed and shown, with what they were to tell', async () => {
  const { conversation, id } = await deadWebhook()
  const [listed, table, shown] = await Promise.all([
    run('list', '--kind', 'webhook', '--json'),
    run('list'),
    run('show', id),
  ])
  expect(listed.json()).toMatchObject({
    items: [
      {
        id,
        conversation_id: conversation,
        kind: 'webhook',
        event: 'message.received',
        reason: 'gone',
        may_repeat: false,
      },
    ],
  })
  expect(table.stdout).toMatch(/webhook +gone +1 +message\.received +/)
  expect(shown.stdout).toMatch(/^event +message\.received$/m)
})

test('one that is replayed goes back to its lane, with the time it has to be taken begun anew', async () => {
  const { conversation, id } = await deadWebhook()
  const before = Date.now()
  expect((await run('replay', id)).stdout).toBe('1 replayed\n')
  expect(await d.webhooks.waiting(conversation)).toBe(1)
  const seen: unknown[] = []
  await d.workOff(d.webhooks, {
    handler: async (item) => {
      seen.push({ id: item.id, ...JSON.parse(item.data) })
      return { do: 'commit' }
    },
  })
  expect(seen).toMatchObject([{ id: '1760000000000-0', type: 'message.received', data: { text: 'hello' } }])
  expect(seen).toEqual([expect.objectContaining({ again: expect.any(Number) })])
  expect(Math.min(...seen.map((item) => Number(Reflect.get(Object(item), 'again'))))).toBeGreaterThanOrEqual(before)
})

test('one that is not wanted any more can be removed', async () => {
  const { id } = await deadWebhook()
  expect((await run('remove', id)).stdout).toBe('1 removed\n')
  expect((await run('list', '--kind', 'webhook')).stdout).toBe('no dead letters\n')
})
