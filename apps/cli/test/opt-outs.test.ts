import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatlane } from './chatlane.ts'
import { type Deployment, deployment } from './deployment.ts'

const SERVICE = 'MG0123456789abcdef0123456789abcdef'
const OURS = '+15005550006'
const ANA = '+14155550123'

const folder = mkdtempSync(join(tmpdir(), 'chatlane-optouts-'))
const routesFile = join(folder, 'routes.yaml')
writeFileSync(
  routesFile,
  `sms:
  - sender: "${OURS}"
    inbound_agents: [{ agent_id: chat_agent_a }]
  - messaging_service_sid: ${SERVICE}
    inbound_agents: [{ agent_id: chat_agent_a }]
  - sender: "whatsapp:${OURS}"
    inbound_agents: [{ agent_id: chat_agent_a }]
`,
)
afterAll(() => rmSync(folder, { recursive: true }))

let d: Deployment
beforeEach(() => {
  d = deployment()
})
afterEach(() => d.stop())

const run = (...words: string[]) => chatlane(['optouts', ...words], { ...d.env, CHATLANE_CONFIG: routesFile })

describe('add', () => {
  test('opts a person out of one sender', async () => {
    const added = await run('add', '+1 (415) 555-0123', '--from', OURS)
    expect(added).toMatchObject({ code: 0, stderr: '' })
    expect(added.stdout).toMatch(/\+14155550123 +\+15005550006 +opted out\n/)
    expect(await d.conversations.optOuts.has({ sender: OURS, participant: ANA })).toBe(true)
    expect(await d.conversations.optOuts.count()).toBe(1)
    expect((await run('add', ANA, '--from', OURS, '--json')).json()).toEqual({
      items: [{ participant: ANA, sender: OURS, changed: false }],
    })
  })

  test('or of all that there are for the channel', async () => {
    await run('add', ANA)
    await run('add', `whatsapp:${ANA}`, '--from', OURS)
    const { optOuts } = await d.conversations.optOuts.list({ limit: 10 })
    expect(optOuts.map(({ sender, participant, by }) => `${sender} ${participant} ${by}`).toSorted()).toEqual(
      [`${OURS} ${ANA} operator`, `${SERVICE} ${ANA} operator`, `whatsapp:${OURS} whatsapp:${ANA} operator`].toSorted(),
    )
  })

  test('means the Messaging Service of a number that is in one', async () => {
    const origin = {
      channel: 'sms' as const,
      participant: ANA,
      sender: OURS,
      messagingServiceSid: SERVICE,
      agentId: 'chat_agent_a',
    }
    await d.conversations.acceptFrom(origin, { text: 'hi', key: 'SM1' })
    expect((await run('add', ANA, '--from', OURS, '--json')).json()).toEqual({
      items: [{ participant: ANA, sender: SERVICE, changed: true }],
    })
  })

  test.each([
    ['4155550123', /such as \+14155550123/],
    ['+15551234567', /a number that exists/],
  ])('does not take %s for a number', async (number, why) => {
    const ended = await run('add', number)
    expect(ended).toMatchObject({ code: 64, stdout: '' })
    expect(ended.stderr).toMatch(why)
  })

  test('does not take everything for a sender', async () => {
    expect(await run('add', ANA, '--from', 'nonsense!')).toMatchObject({ code: 64, stdout: '' })
  })
})

test('remove lifts it, also for a sender that the routes file has no more', async () => {
  const gone = '+15005550099'
  const { optOuts } = d.conversations
  await optOuts.add({ sender: gone, participant: ANA }, 'operator')
  const [one, all] = await Promise.all([run('remove', ANA, '--from', gone), run('remove', ANA, '--json')])
  expect(one.stdout).toMatch(/\+14155550123 +\+15005550099 +lifted\n/)
  expect(all.json()).toMatchObject({ items: [{ changed: false }, { changed: false }] })
  expect(await optOuts.count()).toBe(0)
  expect((await run('list')).stdout).toBe('nobody has opted out\n')
})

test('list shows who said it and since when, page by page', async () => {
  const { optOuts } = d.conversations
  await optOuts.add({ sender: OURS, participant: ANA }, 'person')
  await optOuts.add({ sender: OURS, participant: '+14155550124' }, 'carrier')
  const { next = '' } = await optOuts.list({ limit: 1 })
  const [readable, json, first, second, wrong] = await Promise.all([
    run('list'),
    run('list', '--json'),
    run('list', '--limit', '1'),
    run('list', '--limit', '1', '--cursor', next, '--json'),
    run('list', '--cursor', 'x'),
  ])
  expect(readable.stdout).toMatch(/^SINCE +SAID BY +PERSON +SENDER\n/)
  expect(readable.stdout).toMatch(/ago\) +person +\+14155550123 +\+15005550006\n/)
  expect(readable.stdout).toMatch(/\n2 in all\n$/)
  expect(first.stdout).toContain(`\nMore: --cursor ${next}\n`)
  const all = JSON.parse(json.stdout)
  expect(all).toMatchObject({ next: null, count: 2 })
  expect(second.json()).toMatchObject({ next: null, items: [all.items[1]] })
  expect(wrong).toMatchObject({ code: 64, stdout: '' })
})

test('list shows an opt-out whose time and origin cannot be read', async () => {
  await d.conversations.optOuts.add({ sender: OURS, participant: ANA }, 'person')
  await d.lanes.connection.hset(`{${d.env.REDIS_PREFIX}:optouts}`, `${OURS}\n+14155550124`, `${'9'.repeat(30)} nobody`)
  const shown = await run('list')
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout).toMatch(/cannot be read +cannot be read +\+14155550124/)
  const { items } = JSON.parse((await run('list', '--json')).stdout)
  expect(items).toContainEqual({ participant: '+14155550124', sender: OURS, by: null, at: null })
})
