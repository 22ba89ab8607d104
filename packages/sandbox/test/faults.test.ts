import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { drawLatency } from '../src/faults/latency.ts'
import { seededRandom } from '../src/faults/random.ts'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox()

function slowly(text: string) {
  const fault = { kind: 'latency' as const, distribution: 'fixed' as const, ms: 60_000 }
  return { target: 'uponai' as const, operation: 'completion' as const, match: { text }, fault }
}

/** A completion that is under way, and the way to abandon it. */
async function startAndLeave(chatId: string, content: string) {
  const leaving = new AbortController()
  const begun = (await at.control.history()).length
  const left = request(`${at.sandbox.uponaiUrl}/create-chat-completion`, {
    method: 'POST',
    signal: leaving.signal,
    headers: { authorization: 'Bearer sandbox-key', 'content-type': 'application/json' },
    body: JSON.stringify({ chat_id: chatId, content }),
  })
  const failed = expect(left).rejects.toThrow()
  await expect.poll(() => at.control.history()).toHaveLength(begun + 1)
  return { leave: () => leaving.abort(), failed }
}

describe('faults', () => {
  test('a status before the effect leaves no trace; its Retry-After and count are told', async () => {
    const id = await at.createChat()
    await at.control.setFaults({
      rules: [
        {
          target: 'uponai',
          operation: 'completion',
          times: 1,
          fault: { kind: 'status', status: 429, retry_after_s: 3 },
        },
      ],
    })
    const refused = await at.complete(id, 'a')
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '3' }, body: { status: 'error' } })
    expect(await at.textsOf(id)).toEqual([])
    expect(await at.complete(id, 'a')).toMatchObject({ status: 201 })
    expect(await at.control.faultCounts()).toEqual([expect.objectContaining({ matched: 2, injected: 1 })])
  })

  test('a status after the effect: the history shows that it took effect', async () => {
    const id = await at.createChat()
    await at.control.setFaults({
      rules: [{ target: 'uponai', operation: 'completion', fault: { kind: 'status', status: 502, when: 'after' } }],
    })
    expect(await at.complete(id, 'a')).toMatchObject({ status: 502 })
    expect(await at.textsOf(id)).toEqual(['user: a', 'agent: echo: a'])
    const [, entry] = await at.control.history()
    expect(entry).toMatchObject({ status: 502, effect: true, fault: { rule: 0, kind: 'status' }, outcome: 'answered' })
  })

  test.each([
    ['before', []],
    ['after', ['user: a', 'agent: echo: a']],
  ] as const)('a connection dropped %s the effect', async (when, texts) => {
    const id = await at.createChat()
    await at.control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'drop', when } }] })
    await expect(at.complete(id, 'a')).rejects.toThrow()
    expect(await at.textsOf(id)).toEqual(texts)
    const [, entry] = await at.control.history()
    expect(entry).toMatchObject({ status: null, outcome: 'dropped', effect: when === 'after' })
  })

  test.each([
    ['before', []],
    ['after', ['user: a', 'agent: echo: a']],
  ] as const)('a request that hangs %s the effect, until its caller gives up', async (when, texts) => {
    const id = await at.createChat()
    await at.control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'hang', when } }] })
    const { leave, failed } = await startAndLeave(id, 'a')
    expect(await at.textsOf(id)).toEqual(texts)
    leave()
    await failed
    await expect.poll(async () => (await at.control.history())[1]?.outcome).toBe('dropped')
  })

  test('a hang with an end closes the connection by itself', async () => {
    const id = await at.createChat()
    await at.control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'hang', ms: 20 } }] })
    await expect(at.complete(id, 'a')).rejects.toThrow()
  })

  test('the chat is ended on the other side before the request is looked at', async () => {
    const id = await at.createChat()
    const fault = { kind: 'end-chat' as const }
    await at.control.setFaults({ rules: [{ target: 'uponai', operation: 'completion', match: { text: 'a' }, fault }] })
    expect(await at.complete(id, 'b')).toMatchObject({ status: 201 })
    expect(await at.complete(id, 'a')).toMatchObject({ status: 422 })
    expect(await at.trueChat(id)).toMatchObject({ status: 'ended', ended_by: 'sandbox', completions: 1 })
  })

  test('rules match by agent, chat and text', async () => {
    const [one, two] = [await at.createChat('chat_agent_a'), await at.createChat('chat_agent_b')]
    const fault = { kind: 'status' as const, status: 500 }
    await at.control.setFaults({
      rules: [
        { target: 'uponai', match: { agent: 'chat_agent_a', text_contains: 'x' }, fault },
        { target: 'uponai', operation: 'get', match: { chat: two }, fault },
      ],
    })
    expect((await at.complete(one, 'xyz')).status).toBe(500)
    expect((await at.complete(one, 'abc')).status).toBe(201)
    expect((await at.complete(two, 'xyz')).status).toBe(201)
    expect((await at.call('GET', `/uponai/get-chat/${one}`)).status).toBe(200)
    expect((await at.call('GET', `/uponai/get-chat/${two}`)).status).toBe(500)
  })

  test('the same seed makes the same luck', async () => {
    const statuses = async (seed: number) => {
      const rule = { target: 'uponai' as const, probability: 0.5, fault: { kind: 'status' as const, status: 500 } }
      await at.control.setFaults({ seed, rules: [rule] })
      const seen: number[] = []
      for (let i = 0; i < 40; i += 1) seen.push((await at.call('POST', '/uponai/v3/list-chats', {})).status)
      return seen.join()
    }
    const first = await statuses(11)
    expect(await statuses(11)).toBe(first)
    expect(await statuses(12)).not.toBe(first)
  })

  test.each([
    ['arrival', ['user: a']],
    ['answer', []],
  ] as const)(
    'while latency holds back the answer, a text stored on %s makes the chat %j',
    async (text_stored, texts) => {
      await at.control.settings({ text_stored })
      const id = await at.createChat()
      await at.control.setFaults({ rules: [slowly('a')] })
      const answer = at.complete(id, 'a')
      await expect.poll(async () => (await at.trueChat(id)).max_working).toBe(1)
      expect(await at.textsOf(id)).toEqual(texts)
      expect((await at.control.history()).at(-1)).toMatchObject({ delay_ms: 60_000, outcome: 'pending', status: null })
      await at.control.reset()
      expect(await answer).toMatchObject({ status: 201, body: { messages: [{ content: 'echo: a' }] } })
    },
  )

  test('a caller who leaves does not stop the work', async () => {
    const id = await at.createChat()
    await at.control.setFaults({ latency: { distribution: 'fixed', ms: 200 } })
    const { leave, failed } = await startAndLeave(id, 'a')
    leave()
    await failed
    await expect.poll(() => at.textsOf(id)).toEqual(['user: a', 'agent: echo: a'])
  })

  test('overlaps are counted, of waiting callers and of work', async () => {
    const id = await at.createChat()
    await at.control.setFaults({ rules: [slowly('slow')] })
    const { leave, failed } = await startAndLeave(id, 'slow')
    leave()
    await failed
    await expect.poll(async () => (await at.control.history())[1]?.outcome).toBe('dropped')
    await at.complete(id, 'quick')
    expect(await at.trueChat(id)).toMatchObject({ completions: 1, max_in_flight: 1, max_working: 2 })
    const both = [at.complete(id, 'slow'), at.complete(id, 'slow')]
    await expect.poll(async () => (await at.trueChat(id)).max_in_flight).toBe(2)
    await at.control.reset()
    await Promise.all(both)
  })

  test.each([
    ['no rules list', { rules: {} }, 'rules'],
    [
      'an operation of the other provider',
      { rules: [{ target: 'uponai', operation: 'message-create', fault: { kind: 'drop' } }] },
      'rules.0.operation',
    ],
    [
      'a probability over 1',
      { rules: [{ target: 'uponai', probability: 2, fault: { kind: 'drop' } }] },
      'rules.0.probability',
    ],
    ['an unknown fault', { rules: [{ target: 'twilio', fault: { kind: 'explode' } }] }, 'rules.0.fault.kind'],
    ['a latency without its figures', { latency: { distribution: 'uniform', min_ms: 1 } }, 'latency.max_ms'],
  ])('a plan with %s is refused by name', async (_case, plan, path) => {
    const answer = await at.call('POST', '/_sandbox/faults', plan)
    expect(answer.status).toBe(400)
    const { errors } = z
      .object({ errors: z.array(z.object({ path: z.string(), message: z.string() })) })
      .parse(answer.body)
    expect(errors.map((error) => error.path)).toContain(path)
  })

  test('DELETE clears', async () => {
    await at.control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'drop' } }] })
    await at.control.clearFaults()
    expect(await at.control.faultCounts()).toEqual([])
    expect(await at.createChat()).toMatch(/^chat_/)
  })
})

describe('latency distributions', () => {
  const many = (draw: () => number) => Array.from({ length: 4001 }, draw).sort((a, b) => a - b)

  test('uniform stays between its ends, lognormal has its median and its maximum', () => {
    const random = seededRandom(7)
    const uniform = many(() => drawLatency({ distribution: 'uniform', min_ms: 10, max_ms: 20 }, random))
    expect(uniform[0]).toBeGreaterThanOrEqual(10)
    expect(uniform.at(-1)).toBeLessThanOrEqual(20)
    expect(uniform[2000]).toBeCloseTo(15, 0)
    const latency = { distribution: 'lognormal' as const, median_ms: 100, sigma: 0.5, max_ms: 250 }
    const lognormal = many(() => drawLatency(latency, random))
    expect(lognormal[2000]).toBeGreaterThan(93)
    expect(lognormal[2000]).toBeLessThan(107)
    expect(lognormal.at(-1)).toBe(250)
  })
})
