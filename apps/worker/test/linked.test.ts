import { type Conversation, Conversations, conversationKeys, type ReplyAddress, watchRoutes } from '@chatlane/core'
import { keysLike } from '@chatlane/dev'
import { afterEach, describe, expect, it } from 'vitest'
import { NUMBER, type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

const PERSON = '+14155550123'
const LINK: ReplyAddress = { channel: 'sms', to: PERSON, from: NUMBER }
const ORIGIN = { channel: 'sms' as const, participant: PERSON, sender: NUMBER, agentId: 'chat_agent_a' }

const prefix = () => s.environment.REDIS_PREFIX ?? ''

let sids = 0
const newSid = () => `SM${String(++sids).padStart(32, '0')}`

/** The core of another api process, which has not heard of anything that this one did since it last asked. */
function otherApi(): Conversations {
  return new Conversations({
    redis: s.redis,
    prefix: prefix(),
    lanes: s.lanes,
    deliveries: s.deliveries,
    shards: Number(s.environment.QUEUE_SHARDS ?? 1),
    routes: watchRoutes(s.environment.CHATLANE_CONFIG),
    autoCloseAfterMs: 3_600_000,
    coalesceWindowMs: 0,
    minReplicas: 0,
    mostWaiting: 100,
  })
}

async function link(conversation: Conversation, address = LINK) {
  const linked = await s.conversations.link(conversation, address)
  expect(linked.status).toBe('linked')
}

async function now({ id }: Conversation): Promise<Conversation> {
  const conversation = await s.conversations.find(id)
  if (!conversation) throw new Error('expected the conversation to be there')
  return conversation
}

/** Sends an SMS from the person; gives where it went. */
async function text(body: string, through = s.conversations, key = newSid()) {
  const acceptance = await through.acceptFrom(ORIGIN, { text: body, key })
  return { ...acceptance, key }
}

const shown = async (conversation: Conversation) =>
  (await s.settled(conversation)).map((item) => [item.channel, item.text, item.status])

/** The texts of messages that Twilio took for the person, in order. */
async function sentTexts(): Promise<(string | null)[]> {
  const entries = await s.sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) =>
    entry.kind === 'twilio' && entry.operation === 'message-create' && entry.effect ? [entry.body] : [],
  )
}

/** What people said, by chat, in order. */
async function said(): Promise<(string | undefined)[][]> {
  const chats = await s.sandbox.chats()
  return chats.map(({ messages }) => messages.filter(({ role }) => role === 'user').map(({ content }) => content))
}

describe('one conversation over web and SMS', () => {
  it('has one chat and one history, and answers where the person wrote last', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await s.say(conversation, 'on the web')
    await s.settled(conversation)
    await link(conversation)
    expect((await text('by phone')).conversationId).toBe(conversation.id)
    await s.settled(conversation)
    expect((await now(conversation)).reply).toEqual(LINK)
    await s.say(conversation, 'back on the web')
    expect(await shown(conversation)).toEqual([
      ['web', 'on the web', 'answered'],
      ['web', 'echo: on the web', 'delivered'],
      ['sms', 'by phone', 'answered'],
      ['sms', 'echo: by phone', 'sent'],
      ['web', 'back on the web', 'answered'],
      ['web', 'echo: back on the web', 'delivered'],
    ])
    expect(await said()).toEqual([['on the web', 'by phone', 'back on the web']])
    expect(await sentTexts()).toEqual(['echo: by phone'])
  })

  it('answers where the person went while the answer was made', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await link(conversation)
    const slow = { kind: 'latency', distribution: 'fixed', ms: 1_000 } as const
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', times: 1, fault: slow }] })
    await s.say(conversation, 'one')
    await expect.poll(async () => JSON.stringify(await s.sandbox.history())).toContain('"completion"')
    await text('two')
    expect(await shown(conversation)).toEqual([
      ['web', 'one', 'answered'],
      ['sms', 'two', 'answered'],
      ['sms', 'echo: one', 'sent'],
      ['sms', 'echo: two', 'sent'],
    ])
  })

  it('keeps the address as long as the conversation, wherever that goes on', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await link(conversation)
    const keys = await keysLike(s.redis, `${s.environment.REDIS_PREFIX}:address:*`)
    expect(keys).toHaveLength(1)
    await s.redis.expire(keys[0] ?? '', 100)
    await s.conversations.accept(await now(conversation), { text: 'still here' })
    await s.settled(conversation)
    expect(await s.redis.ttl(keys[0] ?? '')).toBeGreaterThan(80 * 24 * 3_600)
  })

  it('keeps all addresses, from whichever the person writes', async () => {
    s = await stage({})
    const conversation = await s.text(PERSON, 'by phone')
    await s.settled(conversation)
    const whatsapp = { channel: 'whatsapp', to: `whatsapp:${PERSON}`, from: `whatsapp:${NUMBER}` } as const
    await link(conversation, whatsapp)
    const keys = await keysLike(s.redis, `${s.environment.REDIS_PREFIX}:address:*`)
    expect(keys).toHaveLength(2)
    for (const key of keys) await s.redis.expire(key, 100)
    await text('by phone again')
    await s.settled(conversation)
    for (const key of keys) expect(await s.redis.ttl(key)).toBeGreaterThan(80 * 24 * 3_600)
  })

  it('begins a new conversation when what the address was linked to is gone', async () => {
    s = await stage({})
    const conversation = await s.web('pk_quiet')
    await link(conversation)
    await s.forget(conversation)
    const { conversationId } = await text('anyone there?')
    expect(conversationId).not.toBe(conversation.id)
    const other = await s.conversations.find(conversationId)
    if (!other) throw new Error('expected a new conversation')
    expect(await shown(other)).toEqual([
      ['sms', 'anyone there?', 'answered'],
      ['sms', 'echo: anyone there?', 'sent'],
    ])
  })
})

describe('an address that had a conversation of its own', () => {
  it('leaves it: its chat is ended, what comes next is in the other one', async () => {
    s = await stage({})
    const old = await s.text(PERSON, 'before')
    await s.settled(old)
    const conversation = await s.web('pk_quiet')
    await link(conversation)
    expect((await text('after')).conversationId).toBe(conversation.id)
    await expect.poll(async () => (await now(old)).closed).toBe(true)
    expect(await now(old)).toMatchObject({ movedTo: conversation.id })
    expect(await shown(conversation)).toEqual([
      ['sms', 'after', 'answered'],
      ['sms', 'echo: after', 'sent'],
    ])
    expect((await s.sandbox.chats()).map(({ status }) => status)).toEqual(['ended', 'ongoing'])
  })

  it('hands on what an api that has not heard of it still takes in, in order, with its files, and nothing else', async () => {
    s = await stage({ env: { QUEUE_SHARDS: '3' } })
    const late = otherApi()
    const { conversationId } = await text('before', late)
    const old = await s.conversations.find(conversationId)
    if (!old) throw new Error('expected a conversation')
    await s.settled(old)
    const conversation = await s.web('pk_quiet')
    await link(conversation)
    const media = [{ type: 'image/png' }]
    await late.acceptFrom(ORIGIN, { text: 'late 1', key: newSid(), media })
    for (const body of ['late 2', 'late 3']) expect((await text(body, late)).conversationId).toBe(old.id)
    expect(await shown(old)).toEqual([
      ['sms', 'before', 'answered'],
      ['sms', 'echo: before', 'sent'],
      ['sms', 'late 1', 'moved'],
      ['sms', 'late 2', 'moved'],
      ['sms', 'late 3', 'moved'],
    ])
    const items = await s.settled(conversation, (all) => all.length === 6)
    expect(items.filter(({ role }) => role === 'user').map((item) => [item.channel, item.text, item.media])).toEqual([
      ['sms', 'late 1', media],
      ['sms', 'late 2', undefined],
      ['sms', 'late 3', undefined],
    ])
    expect(await said()).toEqual([['before'], ['late 1', 'late 2', 'late 3']])
    expect(await now(old)).toMatchObject({ closed: true })
    expect((await now(conversation)).reply).toEqual(LINK)
  })

  it.each(['the new conversation first', 'the old one first'])(
    'takes a message once whose webhook comes twice, to %s',
    async (order) => {
      s = await stage({ workers: 0, env: { QUEUE_SHARDS: '3' } })
      const late = otherApi()
      const old = await s.conversations.find((await text('before', late)).conversationId)
      if (!old) throw new Error('expected a conversation')
      const conversation = await s.web('pk_quiet')
      await link(conversation)
      const key = newSid()
      const apis = order === 'the old one first' ? [late, s.conversations] : [s.conversations, late]
      for (const api of apis) await text('once', api, key)
      await s.workerProcess()
      const items = await s.settled(conversation, (all) => all.length === 4)
      expect(items.filter(({ text: body }) => body === 'once')).toHaveLength(1)
      await s.settled(old)
      expect((await said()).flat().toSorted()).toEqual(['before', 'once'])
    },
  )

  it('does not take again what the old conversation took before the link', async () => {
    s = await stage({})
    const { key, conversationId, ...first } = await text('once')
    const conversation = await s.web('pk_quiet')
    await link(conversation)
    expect(await text('once', s.conversations, key)).toMatchObject({ ...first, status: 'duplicate', conversationId })
    expect(await s.conversations.hasSeen(ORIGIN, key)).toBe(true)
  })

  it.each([false, true])(
    'hands a message on once when its worker died in between (linked again: %s)',
    async (elsewhere) => {
      s = await stage({ workers: 0, env: { QUEUE_SHARDS: '3' } })
      const first = await text('waiting')
      const conversation = await s.web('pk_quiet')
      await link(conversation)
      // What a worker does before it dies, and another one again.
      const [waiting] = await s.lanes.connection.xrange(
        conversationKeys(prefix(), first.conversationId).ledger,
        '-',
        '+',
      )
      const from = `${first.conversationId}/${waiting?.[0]}`
      expect(await s.conversations.claim(first.key, from)).toBe(true)
      await s.redis.hset(
        conversationKeys(prefix(), first.conversationId).record,
        'handing',
        `${waiting?.[0]} ${conversation.id}`,
      )
      const message = { text: 'waiting', key: first.key }
      expect(await s.conversations.acceptFurther(conversation, LINK, message, { from, as: from })).toBe('accepted')
      // By then the number is linked elsewhere.
      if (elsewhere) await link(await s.web('pk_quiet'))
      await s.workerProcess()
      await s.settled(conversation, (all) => all.length === (elsewhere ? 1 : 2))
      const old = await s.conversations.find(first.conversationId)
      await expect.poll(said).toEqual([['waiting']])
      if (old) expect(await shown(old)).toEqual([['sms', 'waiting', 'moved']])
      expect(await said()).toEqual([['waiting']])
    },
  )

  it('answers by SMS what came by SMS, though the number went from one page to another meanwhile', async () => {
    s = await stage({})
    const [one, other] = [await s.web('pk_quiet'), await s.web('pk_quiet')]
    await link(one)
    const slow = { kind: 'latency', distribution: 'fixed', ms: 1_000 } as const
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', times: 1, fault: slow }] })
    await text('at work')
    await expect.poll(async () => JSON.stringify(await s.sandbox.history())).toContain('"completion"')
    await link(other)
    expect(await shown(one)).toEqual([
      ['sms', 'at work', 'answered'],
      ['sms', 'echo: at work', 'sent'],
    ])
    // What is said there from now on is for the page.
    await s.say(await now(one), 'still here')
    expect((await shown(one)).at(-1)).toEqual(['web', 'echo: still here', 'delivered'])
  })

  it('answers a message in the old one that was being answered there', async () => {
    s = await stage({})
    const hang = { kind: 'latency', distribution: 'fixed', ms: 1_000 } as const
    await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', times: 1, fault: hang }] })
    const old = await s.text(PERSON, 'at work')
    await expect.poll(async () => JSON.stringify(await s.sandbox.history())).toContain('"completion"')
    await s.text(PERSON, 'waits')
    const conversation = await s.web('pk_quiet')
    await link(conversation)
    expect(await shown(old)).toEqual([
      ['sms', 'at work', 'answered'],
      ['sms', 'waits', 'moved'],
      ['sms', 'echo: at work', 'sent'],
    ])
    await s.settled(conversation, (all) => all.length === 2)
    expect(await said()).toEqual([['at work'], ['waits']])
  })

  it.each(['to the old one', 'to a third one'])(
    'says a message once that both of them took in, when the number went on %s',
    async (where) => {
      s = await stage({ workers: 0, env: { QUEUE_SHARDS: '3' } })
      const late = otherApi()
      const old = await s.conversations.find((await text('before', late)).conversationId)
      if (!old) throw new Error('expected a conversation')
      const conversation = await s.web('pk_quiet')
      await link(conversation)
      const { key } = await text('both')
      expect(await text('both', late, key)).toMatchObject({ status: 'accepted', conversationId: old.id })
      const third = where === 'to the old one' ? old : await s.web('pk_quiet')
      await link(third)
      await Promise.all([s.workerProcess(), s.workerProcess()])
      for (const one of new Set([old, conversation, third])) await s.settled(one)
      await expect.poll(async () => (await said()).flat().toSorted()).toEqual(['before', 'both'])
      for (const one of new Set([old, conversation, third])) await s.settled(one)
      const statuses = await Promise.all([...new Set([old, conversation, third])].map(shown))
      const both = statuses.flat().filter(([, body]) => body === 'both')
      expect(both.filter(([, , status]) => status === 'answered')).toHaveLength(1)
      expect(both.filter(([, , status]) => status === 'dropped')).toHaveLength(1)
    },
  )

  it('can come back, and messages that are on their way between the two are answered once', async () => {
    s = await stage({ workers: 0, env: { QUEUE_SHARDS: '3' } })
    const late = otherApi()
    const own = await s.conversations.find((await text('1', late)).conversationId)
    if (!own) throw new Error('expected a conversation')
    const conversation = await s.web('pk_quiet')
    await link(conversation)
    await text('2', late)
    await text('3')
    await link(own)
    await text('4')
    expect(await now(own)).toMatchObject({ links: [], movedTo: own.id })
    expect(await now(conversation)).toMatchObject({ links: [], movedTo: own.id })
    await s.workerProcess()
    await s.workerProcess()
    await expect.poll(async () => (await said()).flat().toSorted()).toEqual(['1', '2', '3', '4'])
    await s.settled(own)
    await s.settled(conversation)
    expect((await said()).flat()).toHaveLength(4)
  })
})

it('gives an address that is linked to two conversations at once to one of them', async () => {
  s = await stage({ env: { QUEUE_SHARDS: '3' } })
  const old = await s.text(PERSON, 'before')
  const conversations = await Promise.all(Array.from({ length: 6 }, () => s.web('pk_quiet')))
  const apis = conversations.map(() => otherApi())
  const linked = await Promise.all(conversations.map((one, i) => apis[i]?.link(one, LINK)))
  expect(linked.map((one) => one?.status)).not.toContain('too_many')
  const holder = await s.conversations.holderOf(LINK)
  const listed = (await Promise.all(conversations.map(now))).filter(({ links }) => links.length > 0)
  expect(listed.map(({ id }) => id)).toEqual([holder?.id])
  expect((await text('after', otherApi())).conversationId).toBe(holder?.id)
  for (const one of [old, ...conversations]) await s.settled(one)
})

it('takes no more than five further addresses, and the same one as often as it is given', async () => {
  s = await stage({})
  const conversation = await s.web('pk_quiet')
  const addresses = Array.from({ length: 6 }, (_, i): ReplyAddress => ({ ...LINK, to: `+1415555010${i}` }))
  const statuses: string[] = []
  for (const address of [...addresses, ...addresses]) {
    statuses.push((await s.conversations.link(await now(conversation), address)).status)
  }
  const once = [...Array.from({ length: 5 }, () => 'linked'), 'too_many']
  expect(statuses).toEqual([...once, ...once])
  expect((await now(conversation)).links).toHaveLength(5)
})
