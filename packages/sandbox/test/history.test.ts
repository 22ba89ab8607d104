import { describe, expect, test } from 'vitest'
import { History } from '../src/history/history.ts'
import { useSandbox } from './started-sandbox.ts'

const at = useSandbox()

describe('the history', () => {
  test('tells everything in order, with times, from where one wants', async () => {
    await at.control.settings({ api_url: 'http://127.0.0.1:1' })
    const id = await at.createChat('chat_agent_a', { conversation: 'c1' })
    await at.complete(id, 'one')
    await at.complete(id, 'two')
    await at.control.sendSms({ from: '+14155550100', to: '+15005550006', body: 'x' })
    const all = await at.control.history()
    expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    expect(all[0]).toMatchObject({
      kind: 'uponai',
      operation: 'create',
      dialect: 'rpc',
      chat_id: id,
      agent_id: 'chat_agent_a',
      metadata: { conversation: 'c1' },
      status: 201,
      effect: true,
    })
    expect(all[1]).toMatchObject({ operation: 'completion', content: 'one', chat_id: id })
    expect(all[3]).toMatchObject({ kind: 'inbound_sms', status: null, error: 'ECONNREFUSED' })
    for (const { at: arrived, answered_at } of all) expect(answered_at).toBeGreaterThanOrEqual(arrived)
    expect(await at.control.history({ after: 1, limit: 1 })).toEqual([all[1]])
    expect(await at.control.history({ kind: 'inbound_sms' })).toEqual([all[3]])
    const page = await at.call('GET', '/_sandbox/history?after=2')
    expect(page.body).toMatchObject({ items: [{ seq: 3 }, { seq: 4 }], next: 4, last: 4, dropped: 0 })
    expect(await at.call('GET', '/_sandbox/history?kind=nothing')).toMatchObject({ status: 400 })
  })

  test('a reset forgets chats, messages, faults, script and history', async () => {
    const id = await at.createChat()
    await at.control.setScript({ rules: [{ answer: [] }] })
    await at.control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'drop' } }] })
    await at.control.reset()
    expect(await at.control.history()).toEqual([])
    expect(await at.control.chats()).toEqual([])
    expect((await at.complete(id, 'x')).status).toBe(422)
    expect(await at.complete(await at.createChat(), 'x')).toMatchObject({
      body: { messages: [{ content: 'echo: x' }] },
    })
  })

  test('is bounded: the oldest entries go and are counted', () => {
    const history = new History(2000)
    for (let i = 0; i < 10_000; i += 1) {
      const nothing = { url: '', error: null, message_sid: '', message_status: 'sent', to: '' }
      history.add({ kind: 'status_callback', ...history.begin(), ...nothing })
    }
    const kept = history.since(0, undefined, Number.MAX_SAFE_INTEGER)
    expect(kept.length).toBeGreaterThanOrEqual(2000)
    expect(kept.length).toBeLessThanOrEqual(3000)
    expect(kept.at(-1)?.seq).toBe(10_000)
    expect(kept[0]?.seq).toBe(history.dropped + 1)
    expect(history.since(9_998, undefined, 10).map(({ seq }) => seq)).toEqual([9_999, 10_000])
  })
})

describe('settings', () => {
  test('an unknown setting or a wrong value is refused by name and changes nothing', async () => {
    const before = await at.control.settings()
    const refused = await at.call('POST', '/_sandbox/settings', { webhooks: 'yes', analysis_ms: 1 })
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'webhooks' }] } })
    expect(await at.call('POST', '/_sandbox/settings', { weather: 1 })).toMatchObject({ status: 400 })
    expect(await at.control.settings()).toEqual(before)
  })
})
