import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { chatlane } from './chatlane.ts'
import { type Deployment, deployment } from './deployment.ts'

const OURS = '+15005550006'
const ANA = '+14155550123'

const folder = mkdtempSync(join(tmpdir(), 'chatlane-sms-'))
const routesFile = join(folder, 'routes.yaml')
writeFileSync(routesFile, `sms:\n  - sender: "${OURS}"\n    inbound_agents: [{ agent_id: chat_agent_a }]\n`)
afterAll(() => rmSync(folder, { recursive: true }))

let d: Deployment
beforeEach(() => {
  d = deployment()
})
afterEach(() => d.stop())

const send = (...words: string[]) => chatlane(['sms', 'send', ...words], { ...d.env, CHATLANE_CONFIG: routesFile })

/** What waits in a lane of the only conversation. */
async function waiting(set: 'lanes' | 'deliveries'): Promise<unknown[]> {
  const { conversations } = await d.conversations.list({ limit: 10 })
  const [conversation] = conversations
  if (!conversation || conversations.length > 1) throw new Error('expected one conversation')
  const stem = d[set].stemOf(0)
  const items = await d[set].connection.lrange(`${stem}mail:${conversation.id}`, 0, -1)
  return items.map((item) => JSON.parse(item.slice(item.indexOf('\n') + 1)))
}

test('sends a text, once for a key', async () => {
  const first = await send('--to', '+1 415-555-0123', '--text', 'Hello', '--key', 'k1', '--json')
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.json()).toEqual({
    conversation_id: expect.stringMatching(/^c0_/),
    message_id: expect.stringMatching(/^\d+-\d+$/),
    duplicate: false,
  })
  const again = await send('--to', ANA, '--text', 'Hello', '--key', 'k1', '--json')
  expect(again.json()).toEqual({ ...JSON.parse(first.stdout), duplicate: true })
  expect((await send('--to', ANA, '--text', 'Hello', '--key', 'k1')).stdout).toMatch(/^message .*was sent before/m)
  expect(await waiting('deliveries')).toEqual([{ channel: 'sms', to: ANA, from: OURS, text: 'Hello' }])
  const other = await send('--to', ANA, '--text', 'Bye', '--key', 'k1')
  expect(other).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'chatlane: --key: another text was sent to this person with it\n',
  })
})

test('lets the agent open', async () => {
  const words = ['--agent', 'chat_agent_b', '--metadata', '{"n":1}', '--variable', 'name=Ana', '--variable', 'a=b=c']
  const ended = await send('--to', ANA, '--agent-opens', ...words)
  expect(ended.stdout).toMatch(/^conversation {2}c0_.*\nmessage {7}\d+-\d+\n$/)
  expect(await waiting('lanes')).toEqual([{ kind: 'open', mustGreet: true }])
  expect((await d.conversations.list({ limit: 1 })).conversations).toMatchObject([
    { agentId: 'chat_agent_b', metadata: { n: 1 }, dynamicVariables: { name: 'Ana', a: 'b=c' } },
  ])
})

test('names a version of the agent, where one can be named', async () => {
  const words = ['sms', 'send', '--to', ANA, '--agent-opens', '--agent', 'chat_agent_b', '--agent-version', '3']
  const env = { ...d.env, CHATLANE_CONFIG: routesFile }
  const refused = await chatlane(words, env)
  expect(refused).toMatchObject({
    code: 64,
    stdout: '',
    stderr: expect.stringMatching(/--agent-version: .*only with rpc/),
  })
  expect(await chatlane(words, { ...env, UPONAI_DIALECT: 'rpc' })).toMatchObject({ code: 0 })
  expect((await d.conversations.list({ limit: 1 })).conversations).toMatchObject([
    { agentId: 'chat_agent_b', agentVersion: 3 },
  ])
})

test('says why it does not send', async () => {
  await d.conversations.optOuts.add({ sender: OURS, participant: ANA }, 'person')
  const optedOut = await send('--to', ANA, '--text', 'Hello')
  expect(optedOut).toMatchObject({ code: 1, stdout: '' })
  expect(optedOut.stderr).toMatch(/^chatlane: the person has opted out/)
  const sender = await send('--to', ANA, '--text', 'Hello', '--from', '+15005550099')
  expect(sender).toMatchObject({ code: 1, stdout: '' })
  expect(sender.stderr).toMatch(/^chatlane: --from: expected a sender/)
  const whatsapp = await send('--to', `whatsapp:${ANA}`, '--text', 'Hello')
  expect(whatsapp.stderr).toMatch(/no sender for this channel; see CHATLANE_CONFIG/)
})

test.each([
  [['--text', 'Hello'], /--to/],
  [['--to', 'Ana', '--text', 'Hello'], /country code/],
  [['--to', '+493012345678', '--text', 'Hello'], /mobile/],
  [['--to', ANA], /either --text or --agent-opens/],
  [['--to', ANA, '--text', ' '], /not blank/],
  [['--to', ANA, '--text', 'x', '--agent-opens'], /cannot be used with/],
  [['--to', ANA, '--agent-opens', '--metadata', '[1]'], /JSON object/],
  [['--to', ANA, '--agent-opens', '--metadata', '{'], /JSON object/],
  [['--to', ANA, '--agent-opens', '--variable', 'x'], /name=value/],
  [['--to', ANA, '--agent-opens', '--metadata', `{"a":${'['.repeat(32)}${']'.repeat(32)}}`], /at most 32 levels/],
  [['--to', ANA, '--agent-opens', '--metadata', '{"a":1e999}'], /below 1.8e308/],
  [['--to', ANA, '--agent-opens', '--agent-version', 'a b', '--agent', 'a'], /number of a version/],
  [['--to', ANA, '--agent-opens', '--agent-version', '1'], /only with --agent/],
])('does not understand %j', async (words, why) => {
  const ended = await send(...words)
  expect(ended).toMatchObject({ code: 64, stdout: '' })
  expect(ended.stderr).toMatch(why)
})
