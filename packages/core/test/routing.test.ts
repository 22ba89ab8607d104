import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseAgent } from '../src/routing/agents.ts'
import { RoutesError } from '../src/routing/error.ts'
import { watchRoutes } from '../src/routing/holder.ts'
import { loadRoutes } from '../src/routing/load.ts'
import { DEFAULT_WEB_LIMITS } from '../src/routing/web-limits.ts'

const service = `MG${'0'.repeat(32)}`
const template = `HX${'a'.repeat(32)}`
const full = `
sms:
  - sender: "+15005550006"
    inbound_agents:  [{ agent_id: chat_agent_a, weight: 90 }, { agent_id: chat_agent_b, weight: 10 }]
    outbound_agents: [{ agent_id: chat_agent_c }]
    auto_close_after_ms: 1800000
    auto_close_message: "Closing for now."
    coalesce_window_ms: 1500
    greeting: show
    media: { policy: reply }
    failure_message: "Sorry."
    max_per_second: 0.5
  - messaging_service_sid: ${service}
    inbound_agents: [{ agent_id: chat_agent_d }]
    opt_out: { text: "Bye." }
  - sender: "whatsapp:+15005550006"
    outbound_agents: [{ agent_id: chat_agent_d }]
    media: { policy: ignore, send_links: true }
    opt_out: { confirm: false }
    template: { content_sid: ${template}, variables: { 1: "We said: {{text}}", name: you } }
web:
  - public_key: pk_live_demo
    allowed_origins: ["https://www.example.com", "http://localhost:5173"]
    agent_id: chat_agent_a
    auto_close_after_ms: 0
    coalesce_window_ms: 1000
    coalesce_max_wait_ms: 1000
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
    const optOut = {
      confirm: true,
      text: 'You will get no more messages from us. Reply START if you want them again.',
    }
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
        coalesce: { windowMs: 1500, maxWaitMs: 7500 },
        greeting: { inbound: 'show', outbound: 'show' },
        media: { policy: 'reply', text: 'Sorry, I can only read text.', sendLinks: false },
        optOut,
        failureMessage: 'Sorry.',
        maxPerSecond: 0.5,
      },
      {
        messagingServiceSid: service,
        inboundAgents: [{ agentId: 'chat_agent_d', weight: 1 }],
        outboundAgents: [{ agentId: 'chat_agent_d', weight: 1 }],
        greeting: { inbound: 'hide', outbound: 'show' },
        media: { policy: 'describe', sendLinks: false },
        optOut: { confirm: true, text: 'Bye.' },
      },
      {
        sender: 'whatsapp:+15005550006',
        inboundAgents: [{ agentId: 'chat_agent_d', weight: 1 }],
        outboundAgents: [{ agentId: 'chat_agent_d', weight: 1 }],
        greeting: { inbound: 'hide', outbound: 'show' },
        media: { policy: 'ignore', sendLinks: true },
        optOut: { ...optOut, confirm: false },
        template: { contentSid: template, variables: { 1: 'We said: {{text}}', name: 'you' } },
      },
    ])
    expect(web).toEqual([
      {
        publicKey: 'pk_live_demo',
        allowedOrigins: ['https://www.example.com', 'http://localhost:5173'],
        agentId: 'chat_agent_a',
        variables: [],
        limits: DEFAULT_WEB_LIMITS,
        autoCloseAfterMs: 0,
        coalesce: { windowMs: 1000, maxWaitMs: 1000 },
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
    const [first] = loadRoutes(sample, 'chatlane.example.yaml').sms
    expect(first?.coalesce?.windowMs).toBe(1500)
  })
})

const a = 'inbound_agents: [{ agent_id: a }]'

describe('a bad routes file is refused with line and key', () => {
  test.each<[string, string, string[]]>([
    ['unknown key at the top', `smss: []`, ['1: smss: expected one of sms, web; did you mean sms?']],
    [
      'variables that a page may not set',
      `web:
  - public_key: pk
    allowed_origins: ["https://a.example.com"]
    agent_id: a
    variables: [page, chatlane_attempt, opening_message, user_number, "a b"]`,
      [1, 2, 3, 4].map(
        (i) =>
          `5: web[0].variables[${i}]: expected the name of a variable: letters, digits and _, at most 64, and none that Chatlane sets itself`,
      ),
    ],
    [
      'variables under one name',
      `sms:
  - { sender: "+15005550006", ${a}, chat_variables: { user_number: phone, agent_number: phone, city: country } }
web:
  - public_key: pk
    allowed_origins: ["https://a.example.com"]
    agent_id: a
    variables: [page]
    chat_variables: { channel: page, zip: opening_message }`,
      [
        '2: sms[0].chat_variables.agent_number: expected a name of its own, not phone again',
        '2: sms[0].chat_variables.city: expected a name of its own, not country again',
        '8: web[0].chat_variables.zip: expected false, or a name for it.*',
      ],
    ],
    [
      'versions of one agent',
      `sms:
  - sender: "+15005550006"
    inbound_agents: [{ agent_id: a, agent_version: 3 }]
    outbound_agents: [{ agent_id: a }, { agent_id: b, agent_version: "a tag" }]`,
      ['4: sms[0].outbound_agents[1].agent_version: expected the number of a version, latest, .*'],
    ],
    [
      'misspelled key',
      `sms:\n  - sender: "+15005550006"\n    ${a}\n    gretting: hide\n`,
      ['4: sms[0].gretting: expected one of sender, .*; did you mean greeting\\?'],
    ],
    [
      'key that means nothing',
      `web:\n  - public_key: pk\n    allowed_origins: [https://a.example]\n    agent_id: a\n    colour: red`,
      ['5: web[0].colour: expected one of public_key, allowed_origins, .*limits$'],
    ],
    [
      'key of an agent',
      `sms:\n  - sender: "+15005550006"\n    inbound_agents:\n      - agent_id: a\n        wieght: 2`,
      ['5: sms[0].inbound_agents[0].wieght: expected one of agent_id, agent_version, weight; did you mean weight\\?'],
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

  test.each<[string, string[]]>([
    ['coalesce_window_ms: 1.5', ['4: .*coalesce_window_ms: expected a whole number of milliseconds from 0 to 600000']],
    ['coalesce_window_ms: 600001', ['4: .*coalesce_window_ms: expected']],
    ['coalesce_max_wait_ms: 100', ['4: .*coalesce_max_wait_ms: expected only with coalesce_window_ms']],
    [
      'coalesce_window_ms: 500\n  coalesce_max_wait_ms: 100',
      ['5: .*coalesce_max_wait_ms: expected at least coalesce_window_ms, 500'],
    ],
    ['media: reply', ['4: sms[0].media: expected a mapping with policy and, for reply, text']],
    ['media:\n    policy: answer', ['5: sms[0].media.policy: expected reply, describe or ignore']],
    ['media:\n    text: No.', ['5: sms[0].media.text: expected only with policy: reply']],
    ['media:\n    policy: reply\n    text: ""', ['6: sms[0].media.text: expected a text of 1 to 1600 characters']],
    ['opt_out: { confirm: yes please }', ['4: sms[0].opt_out.confirm: expected true or false']],
    [
      'opt_out: { confirmed: true }',
      ['4: sms[0].opt_out.confirmed: expected one of confirm, text; did you mean confirm?'],
    ],
    ['media: { send_links: 1 }', ['4: sms[0].media.send_links: expected true or false']],
    ['media: { polcy: reply }', ['4: sms[0].media.polcy: expected one of policy, .*; did you mean policy\\?']],
    ['text_format: markdown', ['4: .*text_format: expected channel or as_is']],
    ['max_per_second: 0', ['4: .*max_per_second: expected a number of segments above 0, up to 1000']],
    ['max_per_second: 1001', ['4: .*max_per_second: expected a number of segments']],
    [`template: { content_sid: ${template} }`, ['4: sms[0].template: expected only with a WhatsApp sender']],
  ])('%s', (lines, expected) => {
    const problems = problemsIn(`sms:\n- sender: "+15005550006"\n  ${a}\n  ${lines}`)
    expect(problems).toEqual(
      expected.map((line) => expect.stringMatching(new RegExp(`^chatlane\\.yaml:${line.replaceAll('[', '\\[')}`))),
    )
  })

  test.each([
    ['content_sid: HX1', 'content_sid: expected HX followed by 32 hexadecimal digits'],
    [`content_sid: ${template}, variables: { "1": "{{name}}" }`, 'variables.1: expected .* {{text}} as its only'],
    [`content_sid: ${template}, variables: { "1": "{{text}} {{2}}" }`, 'variables.1: expected .* {{text}} as its only'],
    [`content_sid: ${template}, variables: { "a b": x }`, 'variables.a b: expected'],
    [`content_sid: ${template}, variables: text`, 'variables: expected a mapping such as'],
    ['variables: { "1": x }', 'content_sid: expected HX'],
  ])('a template with %s', (text, expected) => {
    const problems = problemsIn(`sms:\n- sender: "whatsapp:+15005550006"\n  ${a}\n  template: { ${text} }`)
    expect(problems).toEqual([expect.stringMatching(`^chatlane.yaml:4: sms\\[0\\].template.${expected}`)])
  })

  test('all of it is told at once, also what is wrong between keys', () => {
    const text = `sms:
- sender: "+15005550006"
- sender: "+15005550007"
  ${a}
  greeting: loud
web:
- { public_key: pk, allowed_origins: [https://a.example], agent_id: a, coalesce_max_wait_ms: 1 }`
    expect(problemsIn(text)).toEqual([
      'chatlane.yaml:2: sms[0]: expected inbound_agents or outbound_agents',
      'chatlane.yaml:5: sms[1].greeting: expected show or hide',
      'chatlane.yaml:7: web[0].coalesce_max_wait_ms: expected only with coalesce_window_ms',
    ])
  })
})

describe('a route is found', () => {
  const routes = loadRoutes(full, 'chatlane.yaml')

  test('by the sender, before the Messaging Service', () => {
    expect(routes.smsRoute({ to: '+15005550006', messagingServiceSid: service })).toBe(routes.sms[0])
    expect(routes.smsRoute({ to: '+15005550001', messagingServiceSid: service })).toBe(routes.sms[1])
    expect(routes.smsRoute({ to: '+15005550001' })).toBeUndefined()
    expect(routes.smsRoute({ to: 'whatsapp:+15005550006' })).toBe(routes.sms[2])
    expect(routes.smsRoute({ to: 'whatsapp:+15005550001' })).toBeUndefined()
  })

  test('by the service of an entry with a sender only where none is for the service alone', () => {
    const both = `{ sender: "+15005550006", messaging_service_sid: ${service}, inbound_agents: [{ agent_id: a }] }`
    const alone = `{ messaging_service_sid: ${service}, inbound_agents: [{ agent_id: b }] }`
    const other = { to: '+15005550001', messagingServiceSid: service }
    const agentIn = (text: string) => loadRoutes(text, 'chatlane.yaml').smsRoute(other)?.inboundAgents[0]?.agentId
    expect(agentIn(`sms: [${both}, ${alone}]`)).toBe('b')
    expect(agentIn(`sms: [${both}]`)).toBe('a')
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

  test('is the same for a number on every channel', () => {
    for (const participant of participants.slice(0, 200)) {
      const chosen = chooseAgent(agents, participant)
      expect(chooseAgent(agents, `whatsapp:${participant}`)).toBe(chosen)
      expect(chooseAgent(agents, `rcs:${participant}`)).toBe(chosen)
    }
  })

  test('moves nobody between the others when a weight changes', () => {
    const three = [...agents, { agentId: 'chat_agent_c', weight: 100 }]
    const raised = three.map((agent) => (agent.agentId === 'chat_agent_c' ? { ...agent, weight: 200 } : agent))
    for (const participant of participants) {
      const after = chooseAgent(raised, participant)
      if (after !== 'chat_agent_c') expect(after).toBe(chooseAgent(three, participant))
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
    expect(first.sms).toHaveLength(3)

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
