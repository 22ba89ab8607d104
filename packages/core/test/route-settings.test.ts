import { describe, expect, test } from 'vitest'
import { nextAgent, nextVersion } from '../src/conversations/next-agent.ts'
import { settingsOf } from '../src/conversations/settings.ts'
import { chooseAgent } from '../src/routing/agents.ts'
import { effectiveRoutes } from '../src/routing/effective.ts'
import { loadRoutes } from '../src/routing/load.ts'

const service = `MG${'0'.repeat(32)}`
const defaults = { autoCloseAfterMs: 3_600_000, coalesceWindowMs: 200 }
const routes = loadRoutes(
  `
sms:
  - sender: "+15005550006"
    inbound_agents: [{ agent_id: a, weight: 3 }, { agent_id: b }]
    auto_close_after_ms: 0
    coalesce_window_ms: 0
    media: { policy: reply }
    max_per_second: 2
    text_format: as_is
  - messaging_service_sid: ${service}
    outbound_agents: [{ agent_id: c }]
web:
  - { public_key: pk, allowed_origins: ["https://a.example"], agent_id: d, coalesce_window_ms: 100 }
`,
  'chatlane.yaml',
)

describe('how a conversation is treated', () => {
  test('is what its route says, and what the environment says where the route is silent', () => {
    const own = settingsOf(routes, { channel: 'sms', sender: '+15005550006', messagingServiceSid: service }, defaults)
    expect(own).toEqual({
      autoCloseAfterMs: 0,
      coalesce: { windowMs: 0, maxWaitMs: 0 },
      greeting: 'hide',
      media: { policy: 'reply', text: 'Sorry, I can only read text.', sendLinks: false },
      maxPerSecond: 2,
    })
    const pooled = settingsOf(
      routes,
      { channel: 'sms', sender: '+15005550001', messagingServiceSid: service },
      defaults,
    )
    expect(pooled).toEqual({
      autoCloseAfterMs: 3_600_000,
      coalesce: { windowMs: 200, maxWaitMs: 1_000 },
      greeting: 'hide',
      media: { policy: 'describe', sendLinks: false },
    })
    const web = settingsOf(routes, { channel: 'web', publicKey: 'pk' }, defaults)
    expect(web).toMatchObject({ greeting: 'show', coalesce: { windowMs: 100, maxWaitMs: 500 } })
    const bare = settingsOf(routes, { channel: 'web' }, defaults)
    expect(bare).toMatchObject({ greeting: 'show', coalesce: { windowMs: 200, maxWaitMs: 1_000 } })
  })

  test('is told for every route with the source of each value', () => {
    const [own, pooled, web] = effectiveRoutes(routes, defaults)
    const at = (route: typeof own, key: string) => {
      const { value, from } = route?.settings.find((setting) => setting.key === key) ?? {}
      return [value, from]
    }
    expect([own?.place, pooled?.place, web?.place]).toEqual(['sms[0]', 'sms[1]', 'web[0]'])
    expect(at(own, 'auto_close_after_ms')).toEqual([0, 'file'])
    expect(at(pooled, 'auto_close_after_ms')).toEqual([3_600_000, 'AUTO_CLOSE_AFTER_MS'])
    expect(at(pooled, 'coalesce_window_ms')).toEqual([200, 'COALESCE_WINDOW_MS'])
    expect(at(web, 'coalesce_max_wait_ms')).toEqual([500, 'default'])
    expect(at(own, 'media.policy')).toEqual(['reply', 'file'])
    expect(at(own, 'media.text')).toEqual(['Sorry, I can only read text.', 'default'])
    expect(at(pooled, 'inbound_agents')).toEqual([[{ agent_id: 'c', weight: 1 }], 'default'])
    expect([at(own, 'text_format'), at(pooled, 'text_format')]).toEqual([
      ['as_is', 'file'],
      ['channel', 'default'],
    ])
    expect(at(pooled, 'max_per_second')).toEqual([undefined, 'default'])
  })
})

describe('the agent of the next chat', () => {
  const base = {
    id: 'c0_x',
    channel: 'sms' as const,
    participant: '+15005550001',
    sender: '+15005550006',
    agentId: 'b',
    createdAt: 0,
    lastActivityAt: 0,
    knownLength: 0,
    certain: { length: 0, since: '' },
    closed: false,
    hadChat: true,
    lost: [],
    links: [],
    untold: [],
  }
  const listing = (agents: string) =>
    loadRoutes(`sms: [{ sender: "+15005550006", outbound_agents: [{ agent_id: z }], inbound_agents: ${agents} }]`, 'r')

  test('is the one it has, whatever the weights are now', () => {
    expect(nextAgent(listing('[{ agent_id: a, weight: 1000 }, { agent_id: b, weight: 0 }]'), base)).toBe('b')
    expect(nextAgent(listing('[{ agent_id: a }]'), { ...base, agentId: 'z' })).toBe('z')
  })

  test('has the version that was asked for, else the one that its route lists', () => {
    const versions = listing('[{ agent_id: b, agent_version: latest_published }, { agent_id: a, agent_version: 3 }]')
    expect(nextVersion(versions, base)).toBe('latest_published')
    expect(nextVersion(versions, { ...base, agentId: 'a' })).toBe(3)
    expect(nextVersion(versions, { ...base, agentId: 'z' })).toBeUndefined()
    expect(nextVersion(versions, { ...base, agentVersion: 7 })).toBe(7)
  })

  test('is chosen anew when the route lists it no more', () => {
    const agents = [
      { agentId: 'a', weight: 1 },
      { agentId: 'c', weight: 1 },
    ]
    const now = nextAgent(listing('[{ agent_id: a }, { agent_id: c }]'), base)
    expect(now).toBe(chooseAgent(agents, base.participant))
    const web = { ...base, channel: 'web' as const, publicKey: 'pk', agentId: 'before' }
    expect(nextAgent(routes, web)).toBe('d')
  })

  test('is never another than the one that was asked for, or just chosen, or when the route is gone', () => {
    expect(nextAgent(listing('[{ agent_id: a }]'), { ...base, hadChat: false })).toBe('b')
    expect(nextAgent(listing('[{ agent_id: a }]'), { ...base, agentAsked: true })).toBe('b')
    expect(nextAgent(loadRoutes('', 'r'), base)).toBe('b')
    expect(nextAgent(routes, { ...base, channel: 'web', agentId: 'x' })).toBe('x')
  })
})
