import { createLogger } from '@chatlane/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RefusedSignatures } from '../src/webhooks/refused-signatures.ts'

const second = 1_000
const minute = 60 * second

let log: Record<string, unknown>[]
let heard: string[]
let signatures: RefusedSignatures
beforeEach(() => {
  vi.useFakeTimers()
  log = []
  heard = []
  const output = { write: (line: string) => void log.push(JSON.parse(line)) }
  signatures = new RefusedSignatures({
    logger: createLogger({ level: 'info', content: false }, { service: 'test', output }),
    onCount: () => {},
    onSuspicion: (since) => heard.push(`suspicion ${(Date.now() - since) / second} s`),
    onRight: () => heard.push('right'),
  })
})
afterEach(() => void vi.useRealTimers())

const events = () => log.map(({ event }) => event)

test('all refused from the beginning on: one line, a note, and what to look for when it is mended', () => {
  for (let n = 0; n < 100; n++) {
    signatures.refused()
    vi.advanceTimersByTime(second)
  }
  expect(signatures.note).toContain('TWILIO_AUTH_TOKEN')
  signatures.accepted()
  expect(signatures.note).toBeUndefined()
  expect(events()).toEqual(['webhooks_refused', 'webhooks_taken'])
  expect(heard).toEqual(['suspicion 0 s', 'right'])
})

test('a token that changes while it runs: what came since the last right signature is suspected', () => {
  signatures.accepted()
  for (let n = 0; n < 5; n++) {
    vi.advanceTimersByTime(10 * second)
    signatures.refused()
  }
  expect(heard).toEqual(['suspicion 30 s'])
})

test('a stranger beside a business that takes messages is not even noted', () => {
  for (let n = 0; n < 1_000; n++) {
    signatures.accepted()
    vi.advanceTimersByTime(20 * second)
    signatures.refused()
  }
  expect(signatures.note).toBeUndefined()
  expect({ log, heard }).toEqual({ log: [], heard: [] })
})

test('a stranger beside a quiet business costs a line and a look now and then', () => {
  for (let n = 0; n < 100; n++) {
    signatures.accepted()
    vi.advanceTimersByTime(minute)
    signatures.refused()
  }
  expect(events().filter((event) => event === 'webhooks_refused').length).toBeLessThanOrEqual(10)
  expect(heard.filter((one) => one === 'right').length).toBeLessThanOrEqual(20)
})
