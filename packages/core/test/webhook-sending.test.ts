import type { Socket } from 'node:net'
import { connectTestRedis, freshPrefix } from '@chatlane/dev'
import { Lanes, LaneWorker, type LaneWorkerOptions } from '@chatlane/lanes'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LedgerEntry } from '../src/conversations/ledger.ts'
import { ledgerEffect } from '../src/conversations/ledger.ts'
import { createLogger } from '../src/logging/logger.ts'
import { againNow } from '../src/webhooks/item.ts'
import { Receiver } from '../src/webhooks/receiver.ts'
import { ReceiverPause } from '../src/webhooks/receiver-pause.ts'
import { writeReported } from '../src/webhooks/reports.ts'
import { webhookBackoff, webhookSending } from '../src/webhooks/sending.ts'
import { WebhookSigner } from '../src/webhooks/signature.ts'
import { type Received, startReceiver, webhookSecret } from './webhook-receiver.ts'

const logger = createLogger({ level: 'silent', content: false }, { service: 'test' })
const ONE = 'c0_AAAAAAAAAAAAAAAAAAAAAA'
const OTHER = 'c0_BBBBBBBBBBBBBBBBBBBBBB'
const subject = { channel: 'sms', participant: '+14155550123', sender: '+15005550006' } as const

/** A pause that is kept by nobody else. */
function lonelyPause() {
  let until = 0
  const shared = {
    get remainingMs() {
      return Math.max(0, until - Date.now())
    },
    hold: (ms: number) => {
      until = Math.max(until, Date.now() + ms)
    },
  }
  return { shared, pause: new ReceiverPause(shared, logger) }
}

/** Lanes of webhooks, and a worker that brings them to a receiver. */
async function sending(
  answer: Parameters<typeof startReceiver>[0],
  options: Partial<LaneWorkerOptions> & { attempts?: number; pause?: ReceiverPause } = {},
) {
  const redis = connectTestRedis()
  const prefix = freshPrefix()
  const lanes = new Lanes({ name: 'webhooks', prefix, connection: redis, shardOf: () => 0 })
  const business = await startReceiver(answer)
  const receiver = new Receiver({ url: business.url, secret: webhookSecret })
  const outcomes: string[] = []
  const letters: string[] = []
  const parts = {
    config: { attempts: options.attempts ?? 4, backoffMs: 1 },
    receiver,
    pause: options.pause ?? lonelyPause().pause,
    logger,
    metrics: {
      webhook: (outcome: string) => void outcomes.push(outcome),
      deadLetter: (_lanes: string, reason: string) => void letters.push(reason),
    },
  }
  const worker = new LaneWorker(lanes, webhookSending(parts))
  onTestFinished(async () => {
    await worker.close(100)
    await Promise.all([lanes.close(), receiver.close(), business.stop()])
    redis.disconnect()
  })
  const tell = (conversation: string, entry: LedgerEntry) =>
    writeReported(redis, lanes, conversation, subject, [
      ['SET', `{${prefix}:0}:beside`, '1'],
      ledgerEffect(prefix, conversation, entry),
    ])
  return {
    lanes,
    business,
    outcomes,
    letters,
    tell,
    say: (conversation: string, text: string) => tell(conversation, message(text)),
    ledger: (conversation: string) => redis.xrange(`{${prefix}:0}:ledger:${conversation}`, '-', '+'),
    idle: () =>
      vi.waitUntil(async () => (await redis.hlen(lanes.shardKeys(0).lanes)) === 0, { timeout: 30_000, interval: 20 }),
  }
}

const message = (text: string): LedgerEntry => ({
  kind: 'message',
  role: 'user',
  text,
  channel: 'sms',
  status: 'queued',
})

const texts = (received: readonly Received[], conversation = ONE) =>
  received.filter(({ data }) => data.conversation_id === conversation).map(({ data }) => data.text)

test('a webhook has the standard headers, the id of its ledger entry, and a body that says what happened', async () => {
  const s = await sending(undefined)
  await s.say(ONE, 'hello 🦆')
  await s.idle()
  const [[entry = ''] = []] = await s.ledger(ONE)
  expect(s.business.refused).toEqual([])
  expect(s.business.received).toEqual([
    expect.objectContaining({
      id: `${ONE}_${entry}`,
      type: 'message.received',
      timestamp: new Date(Number(entry.split('-')[0])).toISOString(),
      path: '/chatlane?from=test',
      data: {
        conversation_id: ONE,
        message_id: entry,
        channel: 'sms',
        participant: '+14155550123',
        sender: '+15005550006',
        text: 'hello 🦆',
        status: 'queued',
      },
    }),
  ])
  expect(s.business.received[0]?.headers['content-type']).toBe('application/json')
  expect(s.outcomes).toEqual(['taken'])
})

test('one that fails is tried again, under its id, and what happened later in its conversation waits for it', async () => {
  let left = 2
  const s = await sending(({ data }) => (data.text === 'first' && left-- > 0 ? { status: 500 } : undefined))
  for (const text of ['first', 'second', 'third']) await s.say(ONE, text)
  await s.idle()
  expect(texts(s.business.received)).toEqual(['first', 'first', 'first', 'second', 'third'])
  expect(new Set(s.business.received.slice(0, 3).map(({ id }) => id)).size).toBe(1)
  const bodies = s.business.received.slice(0, 3).map(({ data, timestamp }) => JSON.stringify({ data, timestamp }))
  expect(new Set(bodies).size).toBe(1)
})

test('a conversation whose webhook nobody takes holds up no other one, and goes on without it', async () => {
  const s = await sending(({ data }) => (data.text === 'bad' ? { status: 400 } : undefined))
  await s.say(ONE, 'bad')
  await s.say(ONE, 'good')
  await s.say(OTHER, 'theirs')
  await s.idle()
  expect(texts(s.business.taken)).toEqual(['good'])
  expect(texts(s.business.taken, OTHER)).toEqual(['theirs'])
  expect(s.letters).toEqual(['attempts_exhausted'])
  const [letter] = await s.lanes.deadLetters.list()
  expect(letter).toMatchObject({ reason: 'attempts_exhausted', detail: 'the receiver answered 400', tries: 4 })
})

test('what was given up comes again under its id when it is replayed, however old it is', async () => {
  let mended = false
  const s = await sending(() => (mended ? undefined : { status: 410 }))
  await s.say(ONE, 'hello')
  await s.idle()
  const [letter] = await s.lanes.deadLetters.list()
  expect(letter).toMatchObject({ reason: 'gone', tries: 1 })
  mended = true
  // As if it had happened a week ago.
  const old = { ...JSON.parse(letter?.data ?? ''), at: Date.now() - 7 * 24 * 3_600_000 }
  await s.lanes.deadLetters.replay(ONE, letter?.id ?? '', { data: againNow(JSON.stringify(old)) })
  await s.idle()
  const [before, after] = s.business.received
  expect(after?.id).toBe(before?.id)
  expect(s.business.taken).toHaveLength(1)
})

test('what nobody took for days is given up without another try', async () => {
  const s = await sending(undefined)
  const item = { type: 'message.received', at: Date.now() - 4 * 24 * 3_600_000, data: {} }
  await s.lanes.add(ONE, { id: 'old', data: JSON.stringify(item) })
  await s.idle()
  expect(s.business.received).toEqual([])
  expect(s.letters).toEqual(['expired'])
})

test('a redirect is not followed, and a dropped connection is tried again', async () => {
  const answers = [{ status: 307, headers: { location: '/elsewhere' } }, 'drop'] as const
  let next = 0
  const s = await sending(() => answers[next++])
  await s.say(ONE, 'hello')
  await s.idle()
  expect(s.business.received.map(({ path, status }) => [path, status])).toEqual([
    ['/chatlane?from=test', 307],
    ['/chatlane?from=test', 0],
    ['/chatlane?from=test', 204],
  ])
  expect(s.outcomes).toEqual(['failed', 'failed', 'taken'])
})

test('an answer is judged by its status alone, whatever its body', async () => {
  const s = await sending(() => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"error":true}',
  }))
  await s.say(ONE, 'hello')
  await s.idle()
  expect(s.business.received).toHaveLength(1)
  expect(s.letters).toEqual([])
})

/** Writes for as long as somebody reads. */
function pour(socket: Socket, beginning: string, more: string): void {
  socket.on('error', () => {})
  const pourMore = () => {
    while (!socket.destroyed && socket.write(more));
  }
  socket.on('drain', pourMore).write(beginning)
  pourMore()
}

test('an answer without end ends at its status line', async () => {
  const s = await sending(() => (socket) => {
    pour(socket, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', `10000\r\n${'x'.repeat(0x10000)}\r\n`)
  })
  await s.say(ONE, 'hello')
  await s.idle()
  expect(s.outcomes).toEqual(['taken'])
  const [socket] = s.business.sockets
  await expect.poll(() => socket?.destroyed).toBe(true)
  expect(socket?.bytesWritten).toBeLessThan(16 * 1024 * 1024)
})

test('headers or interim answers without end are a failure, at once', async () => {
  const s = await sending(
    () => (socket) =>
      s.business.received.length === 1
        ? pour(socket, 'HTTP/1.1 200 OK\r\n', `x-more: ${'x'.repeat(4_000)}\r\n`)
        : pour(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n'),
    { attempts: 2 },
  )
  await s.say(ONE, 'hello')
  await s.idle()
  expect(s.outcomes).toEqual(['failed', 'failed'])
  const [letter] = await s.lanes.deadLetters.list()
  expect(letter?.detail).not.toMatch(/no answer within/)
})

test('a receiver that is busy is left alone for as long as it says, and that costs no try', async () => {
  const { pause } = lonelyPause()
  const pausedAt: boolean[] = []
  const s = await sending(
    () => {
      pausedAt.push(pause.waitMs > 0)
      return pausedAt.length > 1 ? undefined : { status: 429, headers: { 'retry-after': '1' } }
    },
    { attempts: 1, pause },
  )
  await s.say(ONE, 'first')
  await vi.waitUntil(() => pause.reason === 'throttled', { timeout: 60_000, interval: 5 })
  await s.say(OTHER, 'second')
  await s.idle()
  expect(pausedAt).toEqual([false, false, false])
  expect(texts(s.business.taken)).toEqual(['first'])
  expect(texts(s.business.taken, OTHER)).toEqual(['second'])
  expect(s.letters).toEqual([])
})

test('a receiver that is down is not asked on behalf of everyone, and nobody’s tries are spent by the waiting', async () => {
  let down = true
  const { pause } = lonelyPause()
  const s = await sending(() => (down ? { status: 503 } : undefined), { attempts: 3, pause })
  const conversations = Array.from({ length: 30 }, (_, n) => `c0_${String(n).padStart(22, '0')}`)
  for (const conversation of conversations) await s.say(conversation, 'hello')
  await vi.waitUntil(() => pause.reason === 'outage', { timeout: 60_000 })
  down = false
  await s.idle()
  for (const conversation of conversations) {
    const own = s.business.taken.filter(({ data }) => data.conversation_id === conversation)
    expect(own).toHaveLength(1)
  }
  expect(pause.reason).toBeUndefined()
})

test('with a secret to come there are two signatures, one by each', () => {
  const next = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const body = '{"a":"ü🦆"}'
  const headers = new WebhookSigner({ secret: webhookSecret, secretNext: next }).headers('msg_1', body)
  expect(headers['webhook-signature']?.split(' ')).toHaveLength(2)
  for (const secret of [webhookSecret, next]) expect(new Webhook(secret).verify(body, headers)).toEqual({ a: 'ü🦆' })
  const single = new WebhookSigner({ secret: webhookSecret }).headers('msg_1', body)
  expect(() => new Webhook(next).verify(body, single)).toThrow('No matching signature')
})

test('tries are spread over hours', () => {
  const total = (random: number) => {
    vi.spyOn(Math, 'random').mockReturnValue(random)
    const pauses = Array.from({ length: 9 }, (_, i) => webhookBackoff(i + 1, 5_000))
    vi.restoreAllMocks()
    return pauses.reduce((sum, pause) => sum + pause, 0) / 3_600_000
  }
  expect(total(0)).toBeGreaterThan(5)
  expect(total(1)).toBeLessThan(11)
})
