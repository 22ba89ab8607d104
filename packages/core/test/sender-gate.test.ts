import { connectTestRedis, freshPrefix, keysLike } from '@chatlane/dev'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { twilioCodes } from '../src/channels/twilio/codes.ts'
import { SenderGate } from '../src/deliveries/sender-gate.ts'
import { createLogger } from '../src/logging/logger.ts'

const SENDER = '+15005550006'
const redis = connectTestRedis()
afterAll(() => redis.disconnect())

let prefix: string
let log: Record<string, unknown>[]
beforeEach(() => {
  prefix = freshPrefix()
  log = []
})

/** The gate of one process. */
function gate() {
  const output = { write: (line: string) => void log.push(JSON.parse(line)) }
  const logger = createLogger({ level: 'info', content: false }, { service: 'test', output })
  return new SenderGate({ redis, prefix, logger })
}

function entry(code: number) {
  const found = twilioCodes.get(code)
  if (!found) throw new Error(`no code ${code}`)
  return found
}

/** As if so much time had passed: a pause is noted as "<until> <begun> <reason>". */
async function letPass(ms: number): Promise<void> {
  const [key] = await keysLike(redis, `*${prefix}*:hold`)
  const [until, begun, reason] = ((await redis.get(key ?? '')) ?? '').split(' ')
  await redis.set(key ?? '', `${Number(until) - ms} ${Number(begun) - ms} ${reason}`, 'KEEPTTL')
}

describe('pacing', () => {
  it('gives each message a place of its own, over all processes, in the order in which they ask', async () => {
    const gates = [gate(), gate(), gate()]
    const waits: number[] = []
    for (let i = 0; i < 30; i++) waits.push((await gates[i % 3]?.pass(SENDER, 10_000))?.waitMs ?? -1)
    expect(waits[0]).toBe(0)
    // Places are ten seconds apart; what the asking takes is less than one.
    expect(waits.map((wait) => Math.round(wait / 10_000))).toEqual(waits.map((_, i) => i))
  })

  it('lets a message through at once that takes longer than all before it', async () => {
    const one = gate()
    expect((await one.pass(SENDER, 24_000)).waitMs).toBe(0)
    expect((await one.pass(SENDER, 1)).waitMs).toBeGreaterThan(20_000)
  })

  it('does not slow another sender', async () => {
    const one = gate()
    await one.pass(SENDER, 3_600_000)
    expect((await one.pass('+15005550009', 1_000)).waitMs).toBe(0)
  })

  it('leaves nothing behind', async () => {
    const one = gate()
    await one.pass(SENDER, 200)
    await expect.poll(() => keysLike(redis, `*${prefix}*`)).toEqual([])
  })
})

describe('a sender that pauses', () => {
  it('pauses for all processes, and the operator is told once', async () => {
    const [one, other] = [gate(), gate()]
    expect(await one.hold(SENDER, 'twilio_21606', entry(21606))).toBe(0)
    await other.hold(SENDER, 'twilio_21606', entry(21606))
    const { waitMs, held } = await other.pass(SENDER, 1_000)
    expect(held?.reason).toBe('twilio_21606')
    expect(waitMs).toBeGreaterThan(50_000)
    expect(other.held).toEqual([{ sender: SENDER, reason: 'twilio_21606' }])
    expect(log).toMatchObject([{ event: 'sender_paused', level: 'error', reason: 'twilio_21606' }])
    expect(JSON.stringify(log)).not.toContain(SENDER)
  })

  it('sends one message ahead after the pause, and goes on when it was taken', async () => {
    const one = gate()
    await one.hold(SENDER, 'twilio_21606', entry(21606))
    await letPass(61_000)
    expect(await one.pass(SENDER, 0)).toEqual({ waitMs: 0, probe: 'twilio_21606' })
    expect((await one.pass(SENDER, 0)).held).toBeDefined()
    await one.taken(SENDER, 'twilio_21606')
    expect(await one.pass(SENDER, 0)).toEqual({ waitMs: 0 })
    expect(one.held).toEqual([])
  })

  it('remembers since when, however often the one that went ahead is refused', async () => {
    const one = gate()
    await one.hold(SENDER, 'twilio_21606', entry(21606))
    for (let i = 1; i <= 3; i++) {
      await letPass(61_000)
      expect((await one.pass(SENDER, 0)).probe).toBe('twilio_21606')
      expect(await one.hold(SENDER, 'twilio_21606', entry(21606))).toBeGreaterThanOrEqual(61_000 * i)
    }
  })

  it('where only a delivery proves anything, is not let on by what Twilio takes', async () => {
    const one = gate()
    await one.hold(SENDER, 'twilio_30034', entry(30034))
    await letPass(61_000)
    await one.taken(SENDER, (await one.pass(SENDER, 0)).probe ?? '')
    expect((await one.pass(SENDER, 0)).held?.reason).toBe('twilio_30034')
    await one.delivered(SENDER)
    expect(await one.pass(SENDER, 0)).toEqual({ waitMs: 0 })
  })

  it('is not let on by the delivery of an earlier message where Twilio refused', async () => {
    const one = gate()
    await one.hold(SENDER, 'twilio_21606', entry(21606))
    await one.delivered(SENDER)
    expect((await one.pass(SENDER, 0)).held).toBeDefined()
  })

  it('does not pause shorter because of something lighter', async () => {
    const one = gate()
    await one.hold(SENDER, 'twilio_21606', entry(21606))
    await one.hold(SENDER, 'twilio_63017', entry(63017))
    expect((await one.pass(SENDER, 0)).held?.reason).toBe('twilio_21606')
  })
})
