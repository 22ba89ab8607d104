import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../src/logging/logger.ts'
import { Receiver } from '../src/webhooks/receiver.ts'
import { ReceiverPause } from '../src/webhooks/receiver-pause.ts'
import { webhookSending } from '../src/webhooks/sending.ts'
import { startReceiver, webhookSecret } from './webhook-receiver.ts'

test.each([429, 503])('%i that says "at once" is a pause all the same', async (status) => {
  const business = await startReceiver(() => ({ status, headers: { 'retry-after': '0' } }))
  const receiver = new Receiver({ url: business.url, secret: webhookSecret })
  onTestFinished(async () => {
    await Promise.all([receiver.close(), business.stop()])
  })
  const held: number[] = []
  const logger = createLogger({ level: 'silent', content: false }, { service: 'test' })
  const { handler } = webhookSending({
    config: { attempts: 10, backoffMs: 5_000 },
    receiver,
    pause: new ReceiverPause({ remainingMs: 0, hold: (ms) => held.push(ms) }, logger),
    logger,
    metrics: { webhook: () => {}, deadLetter: () => {} },
  })
  const item = {
    id: '1795398430466-0',
    data: JSON.stringify({ type: 'conversation.closed', at: Date.now(), data: {} }),
  }
  const turn = {
    lane: 'c0_AAAAAAAAAAAAAAAAAAAAAA',
    tries: 0,
    crashed: false,
    signal: new AbortController().signal,
    assertLease: () => {},
    record: async () => undefined,
  }
  const verdict = await handler(item, turn)
  expect(verdict).toMatchObject({ do: 'retry' })
  const waits = [...held, 'afterMs' in verdict ? verdict.afterMs : 0]
  expect(Math.max(...waits)).toBeGreaterThan(1_000)
})
