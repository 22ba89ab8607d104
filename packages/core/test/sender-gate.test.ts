import { connectTestRedis, freshPrefix, keysLike } from '@chatlane/dev'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { twilioCodes } from '../src/channels/twilio/codes.ts'
import { listHeldSenders } from '../src/deliveries/held-senders.ts'
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

/** A message of the sender's to one of its people. */
const to = (person: string, sender = SENDER) => ({ sender, to: person, conversation: `conversation of ${person}` })
const ANA = to('+14155550101')
const BEN = to('+447911123456')
const CAT = to('+34655001122')

const holds = () => keysLike(redis, `*${prefix}*:hold*`)

/** As if so much time had passed. */
async function letPass(ms: number): Promise<void> {
  for (const key of await holds()) for (const field of ['until', 'begun']) await redis.hincrby(key, field, -ms)
}

/** Two people's messages were refused. */
async function pause(code: number): Promise<void> {
  const one = gate()
  await one.hold(ANA, `twilio_${code}`, entry(code))
  await one.hold(BEN, `twilio_${code}`, entry(code))
}

describe('pacing', () => {
  it('gives each message a place of its own, over all processes, in the order in which they ask', async () => {
    const gates = [gate(), gate(), gate()]
    const waits: number[] = []
    for (let i = 0; i < 30; i++) waits.push((await gates[i % 3]?.pass(ANA, 10_000))?.waitMs ?? -1)
    expect(waits[0]).toBe(0)
    // Places are ten seconds apart; what the asking takes is less than one.
    expect(waits.map((wait) => Math.round(wait / 10_000))).toEqual(waits.map((_, i) => i))
  })

  it('lets a message through at once that takes longer than all before it', async () => {
    const one = gate()
    expect((await one.pass(ANA, 24_000)).waitMs).toBe(0)
    expect((await one.pass(ANA, 1)).waitMs).toBeGreaterThan(20_000)
  })

  it('does not slow another sender', async () => {
    const one = gate()
    await one.pass(ANA, 3_600_000)
    expect((await one.pass(to(ANA.to, '+15005550009'), 1_000)).waitMs).toBe(0)
  })

  it('leaves nothing behind', async () => {
    const one = gate()
    await one.pass(ANA, 200)
    await expect.poll(() => keysLike(redis, `*${prefix}*`)).toEqual([])
  })
})

describe('a sender of which a message was refused', () => {
  it('goes on for everyone, however often that one is refused again', async () => {
    const one = gate()
    for (let i = 0; i < 3; i++) await one.hold(ANA, 'twilio_21659', entry(21659))
    expect((await one.pass(BEN, 0)).waitMs).toBe(0)
    expect((await one.pass(ANA, 0)).waitMs).toBe(0)
    expect(one.held).toEqual([])
    expect(await listHeldSenders(redis, prefix)).toEqual([])
    expect(log).toMatchObject(Array(3).fill({ event: 'sender_refused', level: 'error', reason: 'twilio_21659' }))
  })

  it('is no suspect any more once another message was taken', async () => {
    const one = gate()
    await one.hold(ANA, 'twilio_21659', entry(21659))
    await one.taken(CAT, (await one.pass(CAT, 0)).probe ?? '')
    await one.hold(BEN, 'twilio_21659', entry(21659))
    expect((await one.pass(CAT, 0)).waitMs).toBe(0)
  })
})

describe('a sender that pauses', () => {
  it('pauses for all processes from the second recipient on, and the operator is told once', async () => {
    await pause(21659)
    const other = gate()
    await other.hold(BEN, 'twilio_21659', entry(21659))
    const { waitMs, held } = await other.pass(CAT, 1_000)
    expect(held?.reason).toBe('twilio_21659')
    expect(waitMs).toBeGreaterThan(0)
    const expected = { sender: SENDER, reason: 'twilio_21659', waiting: 3 }
    expect(other.held).toMatchObject([expected])
    expect(await listHeldSenders(redis, prefix)).toMatchObject([expected])
    expect(log.filter(({ event }) => event === 'sender_paused')).toMatchObject([
      { level: 'error', reason: 'twilio_21659' },
    ])
    expect(JSON.stringify(log)).not.toContain(SENDER)
  })

  it('sends one message ahead after the pause, of a conversation that was not refused, and goes on when it was taken', async () => {
    await pause(21659)
    const one = gate()
    expect((await one.pass(CAT, 0)).held).toBeDefined()
    await letPass(61_000)
    expect((await one.pass(ANA, 0)).held).toBeDefined()
    expect((await one.pass(BEN, 0)).held).toBeDefined()
    expect(await one.pass(CAT, 0)).toEqual({ waitMs: 0, probe: 'twilio_21659' })
    expect((await one.pass(to('+33655001122'), 0)).held).toBeDefined()
    await one.taken(CAT, 'twilio_21659')
    expect(await one.pass(ANA, 0)).toEqual({ waitMs: 0 })
    expect(one.held).toEqual([])
    expect(await listHeldSenders(redis, prefix)).toEqual([])
  })

  it('sends a refused one ahead when no other comes, and the one that was refused least', async () => {
    await pause(21659)
    const one = gate()
    await one.hold(BEN, 'twilio_21659', entry(21659))
    await letPass(61_000)
    expect((await one.pass(BEN, 0)).held).toBeDefined()
    expect((await one.pass(ANA, 0)).probe).toBe('twilio_21659')
    await one.hold(ANA, 'twilio_21659', entry(21659))
    await one.pass(CAT, 0)
    // Who waits without having been refused does not come.
    await letPass(200_000)
    expect((await one.pass(ANA, 0)).probe).toBe('twilio_21659')
  })

  it('pauses longer each time, up to what its code says, and remembers since when', async () => {
    await pause(21659)
    const one = gate()
    const first = (await one.pass(CAT, 0)).waitMs
    expect(first).toBeLessThanOrEqual(5_000)
    for (let i = 1; i <= 3; i++) {
      await letPass(61_000)
      expect((await one.pass(to(`+3465500110${i}`), 0)).probe).toBe('twilio_21659')
      await one.hold(to(`+3465500110${i}`), 'twilio_21659', entry(21659))
      const [held] = await listHeldSenders(redis, prefix)
      expect((held?.until ?? 0) - (held?.since ?? 0)).toBeGreaterThanOrEqual(61_000 * i)
      expect((await one.pass(CAT, 0)).waitMs).toBeLessThanOrEqual(60_000)
    }
  })

  it('where only a delivery proves anything, is not let on by what Twilio takes', async () => {
    await pause(30032)
    const one = gate()
    await letPass(61_000)
    await one.taken(CAT, (await one.pass(CAT, 0)).probe ?? '')
    expect((await one.pass(CAT, 0)).held?.reason).toBe('twilio_30032')
    await one.delivered(CAT)
    expect(await one.pass(CAT, 0)).toEqual({ waitMs: 0 })
  })

  it('is not let on by the delivery of an earlier message where Twilio refused', async () => {
    await pause(21659)
    const one = gate()
    await one.delivered(CAT)
    expect((await one.pass(CAT, 0)).held).toBeDefined()
  })

  it('does not pause shorter because of something lighter', async () => {
    await pause(21659)
    const one = gate()
    await one.hold(BEN, 'twilio_63017', entry(63017))
    expect((await one.pass(CAT, 0)).held?.reason).toBe('twilio_21659')
  })

  it('pauses for messages to the country alone that the code names', async () => {
    const one = gate()
    await one.hold(ANA, 'twilio_30034', entry(30034))
    await one.hold(to('+14155550102'), 'twilio_30034', entry(30034))
    expect((await one.pass(to('+14155550103'), 0)).held?.reason).toBe('twilio_30034')
    // The last two are in Canada.
    for (const person of ['+447911123456', '+14165550123', '+14165550124'])
      expect(await one.pass(to(person), 0)).toEqual({ waitMs: 0 })
    expect(await listHeldSenders(redis, prefix)).toMatchObject([{ sender: SENDER, country: 'US' }])
    await one.delivered(BEN)
    expect((await one.pass(ANA, 0)).held).toBeDefined()
    await one.delivered(ANA)
    expect(await one.pass(ANA, 0)).toEqual({ waitMs: 0 })
  })

  it('pauses at once where its rate is the reason', async () => {
    const one = gate()
    await one.hold(ANA, 'twilio_21611', entry(21611))
    expect((await one.pass(BEN, 0)).held?.reason).toBe('twilio_21611')
  })
})
