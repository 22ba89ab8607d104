import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseAgent } from '../src/routing/agents.ts'
import { RoutesError } from '../src/routing/error.ts'
import { watchRoutes } from '../src/routing/holder.ts'
import { loadRoutes } from '../src/routing/load.ts'

const service = `MG${'0'.repeat(32)}`
const full = `
sms:
  - sender: "+15005550006"
    inbound_agents:  [{ agent_id: chat_agent_a, weight: 90 }, { agent_id: chat_agent_b, weight: 10 }]
    outbound_agents: [{ agent_id: chat_agent_c }]
    auto_close_after_ms: 1800000
    auto_close_message: "Closing for now."
    greeting: show
    failure_message: "Sorry."
  - messaging_service_sid: ${service}
    inbound_agents: [{ agent_id: chat_agent_d }]
web:
  - public_key: pk_live_demo
    allowed_origins: ["https://www.example.com", "http://localhost:5173"]
    agent_id: chat_agent_a
    auto_close_after_ms: 0
`

function problemsIn(text: string): string[] {
  try {
    loadRoutes(text, 'chatlane.yaml')
  } catch (error) {
    if (error instanceof RoutesError) return error.lines
    throw error
  }
  return []
}

describe('a routes file', () => {
  test('is read with its defaults', () => {
    const { sms, web, defaultWeb } = loadRoutes(full, 'chatlane.yaml')
    expect(sms).toEqual([
      {
        sender: '+15005550006',
        inboundAgents: [
          { agentId: 'chat_agent_a', weight: 90 },
          { agentId: 'chat_agent_b', weight: 10 },
        ],
        outboundAgents: [{ agentId: 'chat_agent_c', weight: 1 }],
        autoCloseAfterMs: 1_800_000,
        autoCloseMessage: 'Closing for now.',
        greeting: { inbound: 'show', outbound: 'show' },
        failureMessage: 'Sorry.',
      },
      {
        messagingServiceSid: service,
        inboundAgents: [{ agentId: 'chat_agent_d', weight: 1 }],
        outboundAgents: [{ agentId: 'chat_agent_d', weight: 1 }],
        greeting: { inbound: 'hide', outbound: 'show' },
      },
    ])
    expect(web).toEqual([
      {
        publicKey: 'pk_live_demo',
        allowedOrigins: ['https://www.example.com', 'http://localhost:5173'],
        agentId: 'chat_agent_a',
        autoCloseAfterMs: 0,
        greeting: 'show',
      },
    ])
    expect(defaultWeb).toEqual({ greeting: 'show' })
  })

  test('may be JSON', () => {
    const routes = { web: [{ public_key: 'pk', allowed_origins: ['https://a.example'], agent_id: 'chat_agent_a' }] }
    expect(loadRoutes(JSON.stringify(routes, null, '\t'), 'routes.json').webRoute('pk')?.agentId).toBe('chat_agent_a')
  })

  test.each(['', '# nothing yet\n', '{}', 'sms:\nweb:\n', 'sms: []'])('may be without routes: %j', (text) => {
    expect(loadRoutes(text, 'chatlane.yaml')).toMatchObject({ sms: [], web: [] })
  })

  test('may share parts through anchors', () => {
    const text = `sms:
  - { sender: "+15005550006", inbound_agents: &agents [{ agent_id: chat_agent_a }] }
  - { sender: "whatsapp:+15005550006", inbound_agents: *agents }`
    expect(loadRoutes(text, 'chatlane.yaml').sms.map(({ inboundAgents }) => inboundAgents)).toEqual([
      [{ agentId: 'chat_agent_a', weight: 1 }],
      [{ agentId: 'chat_agent_a', weight: 1 }],
    ])
  })

  test('the sample file is right', () => {
    const sample = readFileSync(new URL('../../../chatlane.example.yaml', import.meta.url), 'utf8')
    expect(loadRoutes(sample, 'chatlane.example.yaml').sms.length).toBeGreaterThan(0)
  })
})

const a = 'inbound_agents: [{ agent_id: a }]'

describe('a bad routes file is refused with line and key', () => {
  test.each<[string, string, string[]]>([
    ['unknown key at the top', `smss: []`, ['1: smss: expected one of sms, web; did you mean sms?']],
    [
      'misspelled key',
      `sms:\n  - sender: "+15005550006"\n    ${a}\n    gretting: hide\n`,
      ['4: sms[0].gretting: expected one of sender, .*; did you mean greeting\\?'],
    ],
    [
      'key that means nothing',
      `web:\n  - public_key: pk\n    allowed_origins: [https://a.example]\n    agent_id: a\n    colour: red`,
      ['5: web[0].colour: expected one of public_key, allowed_origins, .*failure_message$'],
    ],
    [
      'key of an agent',
      `sms:\n  - sender: "+15005550006"\n    inbound_agents:\n      - agent_id: a\n        wieght: 2`,
      ['5: sms[0].inbound_agents[0].wieght: expected one of agent_id, weight; did you mean weight\\?'],
    ],
    ['number without quotes', `sms:\n  - sender: +15005550006\n    ${a}`, ['2: sms[0].sender: expected .* in quotes']],
    ['sender with spaces', `sms:\n  - sender: "+1 500 555 0006"\n    ${a}`, ['2: sms[0].sender: expected']],
    ['no sender', `sms:\n  - ${a}`, ['2: sms[0]: expected sender or messaging_service_sid']],
    ['no agents', `sms:\n  - sender: "+15005550006"`, ['2: sms[0]: expected inbound_agents or outbound_agents']],
    ['empty agents', `sms:\n- sender: "+15005550006"\n  inbound_agents: []`, ['3: .*: expected at least one agent']],
    [
      'agents without weight',
      `sms:\n- sender: "+15005550006"\n  inbound_agents: [{ agent_id: a, weight: 0 }]`,
      ['3: sms[0].inbound_agents: expected at least one agent with a weight above 0'],
    ],
    [
      'an agent twice',
      `sms:\n- sender: "+15005550006"\n  inbound_agents: [{ agent_id: a }, { agent_id: a }]`,
      ['3: sms[0].inbound_agents: expected every agent_id once'],
    ],
    [
      'bad weight, missing id',
      `sms:\n- sender: "+15005550006"\n  inbound_agents:\n  - { agent_id: a, weight: -1 }\n  - { weight: 1 }`,
      ['4: sms[0].inbound_agents[0].weight: expected a number', '5: sms[0].inbound_agents[1].agent_id: expected'],
    ],
    ['bad service', `sms:\n  - messaging_service_sid: MG1\n    ${a}`, ['2: sms[0].messaging_service_sid: expected MG']],
    [
      'bad greeting',
      `sms:\n- sender: "+15005550006"\n  ${a}\n  greeting: yes`,
      ['4: .*greeting: expected show or hide'],
    ],
    [
      'bad time',
      `sms:\n- sender: "+15005550006"\n  ${a}\n  auto_close_after_ms: 1h`,
      ['4: .*: expected a whole number'],
    ],
    ['long text', `sms:\n- sender: "+15005550006"\n  ${a}\n  failure_message: ${'a'.repeat(1601)}`, ['4: .*1600']],
    [
      'origin with a path',
      `web:\n- public_key: pk\n  agent_id: a\n  allowed_origins:\n  - https://a.example\n  - https://b.example/`,
      ['6: web[0].allowed_origins[1]: expected an origin'],
    ],
    ['web without anything', `web:\n  - {}`, ['2: .*public_key', '2: .*allowed_origins', '2: .*agent_id']],
    ['not a list', `sms: none`, ['1: sms: expected a list of routes']],
    ['not a route', `sms:\n\n  - none`, ['3: sms[0]: expected a route']],
    ['not a mapping', `- sms`, ['1: expected a mapping with sms and web']],
    ['not YAML', `sms:\n  - sender: "+1`, ['2: expected YAML or JSON']],
    ['a key twice', `sms: []\nsms: []`, ['2: expected YAML or JSON']],
    ['an alias without anchor', `sms: *nothing`, ['.*expected YAML or JSON']],
    [
      'the same sender twice',
      `sms:\n- sender: "+15005550006"\n  ${a}\n- sender: "+15005550006"\n  ${a}`,
      ['4: sms[1].sender: expected every sender once; the same is at sms[0].sender'],
    ],
    [
      'the same service twice',
      `sms:\n- messaging_service_sid: ${service}\n  ${a}\n- messaging_service_sid: ${service}\n  ${a}`,
      ['4: sms[1].messaging_service_sid: expected every messaging_service_sid once'],
    ],
    [
      'the same public key twice',
      `web: [{ public_key: pk, allowed_origins: [https://a.example], agent_id: a },\n  { agent_id: b, public_key: pk, allowed_origins: [https://a.example] }]`,
      ['2: web[1].public_key: expected every public_key once'],
    ],
  ])('%s', (_, text, expected) => {
    const problems = problemsIn(text)
    expect(problems).toEqual(
      expected.map((line) => expect.stringMatching(new RegExp(`^chatlane\\.yaml:?${line.replaceAll('[', '\\[')}`))),
    )
  })

  test.each(['coalesce_window_ms: 1500', 'media: { policy: ignore }', 'max_per_second: 1'])(
    '%s is not known',
    (line) => {
      const problems = problemsIn(`sms:\n- sender: "+15005550006"\n  ${a}\n  ${line}`)
      expect(problems).toEqual([
        expect.stringContaining(`chatlane.yaml:4: sms[0].${line.split(':')[0]}: expected one of`),
      ])
    },
  )
})

describe('a route is found', () => {
  const routes = loadRoutes(full, 'chatlane.yaml')

  test('by the sender, before the Messaging Service', () => {
    expect(routes.smsRoute({ to: '+15005550006', messagingServiceSid: service })).toBe(routes.sms[0])
    expect(routes.smsRoute({ to: '+15005550001', messagingServiceSid: service })).toBe(routes.sms[1])
    expect(routes.smsRoute({ to: '+15005550001' })).toBeUndefined()
    expect(routes.smsRoute({ to: 'whatsapp:+15005550006' })).toBeUndefined()
  })

  test('by the public key', () => {
    expect(routes.webRoute('pk_live_demo')).toBe(routes.web[0])
    expect(routes.webRoute('pk_live')).toBeUndefined()
  })
})

describe('the choice of an agent', () => {
  const agents = [
    { agentId: 'chat_agent_a', weight: 90 },
    { agentId: 'chat_agent_b', weight: 10 },
  ]
  const participants = Array.from({ length: 5000 }, (_, index) => `+1500${String(index).padStart(7, '0')}`)

  test('follows the weights', () => {
    const chosen = participants.filter((participant) => chooseAgent(agents, participant) === 'chat_agent_b').length
    expect(chosen / participants.length).toBeGreaterThan(0.08)
    expect(chosen / participants.length).toBeLessThan(0.12)
  })

  test('is the same for the same participant, in any order of the list, and never of weight 0', () => {
    const weighted = fc.record({ agentId: fc.string({ minLength: 1 }), weight: fc.nat(100) })
    const lists = fc
      .uniqueArray(weighted, { selector: ({ agentId }) => agentId, minLength: 1 })
      .filter((list) => list.some(({ weight }) => weight > 0))
    fc.assert(
      fc.property(lists, fc.string(), (list, participant) => {
        const chosen = chooseAgent(list, participant)
        expect(list.find(({ agentId }) => agentId === chosen)?.weight).toBeGreaterThan(0)
        expect(chooseAgent(list.toReversed(), participant)).toBe(chosen)
      }),
    )
  })

  test('moves only to the agent that came', () => {
    const more = [...agents, { agentId: 'chat_agent_c', weight: 100 }]
    for (const participant of participants) {
      const chosen = chooseAgent(more, participant)
      if (chosen !== 'chat_agent_c') expect(chosen).toBe(chooseAgent(agents, participant))
    }
  })

  test('needs someone to choose', () => {
    expect(() => chooseAgent([], '+15005550001')).toThrow(RangeError)
  })
})

describe('the routes in force', () => {
  test('change on a reload, but not to a bad file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chatlane-routes-'))
    const file = join(folder, 'chatlane.yaml')
    writeFileSync(file, full)
    const holder = watchRoutes(file)
    const first = holder.current
    expect(first.sms).toHaveLength(2)

    writeFileSync(file, 'sms:\n  - sendr: x')
    expect(holder.reload()).toEqual({ ok: false, problems: [expect.stringContaining(`${file}:2: sms[0].sendr: `)] })
    expect(holder.current).toBe(first)

    writeFileSync(file, `sms: [{ sender: "12345", ${a} }]`)
    expect(holder.reload()).toEqual({ ok: true })
    expect(holder.current.smsRoute({ to: '12345' })).toBeDefined()
    expect(holder.current.sms).toHaveLength(1)

    rmSync(folder, { recursive: true })
    expect(holder.reload()).toEqual({ ok: false, problems: [`${file}: expected a readable file (ENOENT)`] })
    expect(holder.current.sms).toHaveLength(1)
  })

  test('are none without a file', () => {
    const holder = watchRoutes(undefined)
    expect(holder.current.sms).toEqual([])
    expect(holder.reload()).toEqual({ ok: true })
  })

  test('must be right at first', () => {
    expect(() => watchRoutes('/nowhere/chatlane.yaml')).toThrow(RoutesError)
  })
})
