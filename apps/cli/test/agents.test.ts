import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { at, ofItems, useUponAI } from './uponai-sandbox.ts'

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'agent.json')
  writeFileSync(path, text)
  return path
}

describe.each(['rest', 'rpc'] as const)('%s', (dialect) => {
  const uponai = useUponAI(dialect)
  const ok = async (...words: string[]) => {
    const ended = await uponai.run(['agents', ...words])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return ended
  }
  const json = async (...words: string[]) => (await ok(...words, '--json')).json()

  test('the list goes page by page, as table and as JSON', async () => {
    const first = (await ok('list', '--limit', '2')).stdout
    expect(first).toMatch(/^AGENT +NAME +VERSION +CHANGED\nchat_agent_a +Sandbox chat_agent_a .*\nchat_agent_b /)
    const [, next = ''] = /\n\nMore: --cursor (\S+)\n$/.exec(first) ?? []
    const second = await json('list', '--limit', '2', '--cursor', next)
    expect(second).toMatchObject({ items: [{ agent_id: 'chat_agent_c' }], next: null })
  })

  test('an agent is made, changed, published and shown', async () => {
    const first = dialect === 'rest' ? 1 : 0
    const fields = ['--webhook-events', 'chat_ended, chat_analyzed', '--timezone', 'Europe/Berlin']
    const made = await json('create', '--agent-name', 'Desk', '--llm-id', 'llm_1', ...fields)
    expect(made).toMatchObject({
      agent_name: 'Desk',
      version: first,
      is_published: dialect === 'rpc' ? false : null,
      response_engine: { type: dialect === 'rest' ? 'uponai-llm' : 'retell-llm', llm_id: 'llm_1' },
      webhook_events: ['chat_ended', 'chat_analyzed'],
      timezone: 'Europe/Berlin',
    })
    const id = String(at(made, 'agent_id'))
    const changed = (await ok('update', id, '--auto-close-message', 'Bye.', '--agent-name', 'Front desk')).stdout
    expect(changed).toMatch(/^agent +chat_agent_/)
    expect(changed).toMatch(/^auto_close_message +Bye\.$/m)
    expect(changed).toMatch(/^name +Front desk$/m)

    expect((await ok('publish', id)).stdout).toMatch(dialect === 'rpc' ? /^version +0, published$/m : /^version +1$/m)
    expect(ofItems(await json('versions', id), 'version')).toEqual(dialect === 'rest' ? [2, 1] : [0])
    expect(await json('get', id, '--version', String(first))).toMatchObject({
      version: first,
      auto_close_message: 'Bye.',
    })
  })

  test('a file is the body, and options come on top of it', async () => {
    const type = dialect === 'rest' ? 'uponai-llm' : 'retell-llm'
    const body = { agent_name: 'From a file', response_engine: { type, llm_id: 'llm_2' }, timezone: 'UTC' }
    const words = ['--from', file(JSON.stringify(body)), '--timezone', 'Asia/Tokyo', '--auto-close-message', 'null']
    expect(await json('create', ...words)).toMatchObject({ ...body, timezone: 'Asia/Tokyo', auto_close_message: null })
  })

  test('what does not exist is said, with the next step', async () => {
    for (const command of ['get', 'publish']) {
      const ended = await uponai.run(['agents', command, 'chat_agent_missing', '--json'])
      expect(ended).toMatchObject({ code: 1, stdout: '' })
      expect(ended.stderr).toMatch(
        /^chatlane: UponAI has no such agent.*chatlane agents list; see docs\/errors\.md#uponai_agent_unknown\n$/,
      )
    }
  })
})

describe('what cannot be', () => {
  const uponai = useUponAI('rest')
  const refused = async (code: number, words: string[], more: Record<string, string> = {}) => {
    const ended = await uponai.run(['agents', ...words], more)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(/^chatlane: .*\n$/)
    return ended.stderr
  }

  test.each([
    ['no JSON', 'x', /^chatlane: --from: expected a JSON object in /],
    ['a misspelled field', '{"agent_nam":"x"}', /agent_nam: expected a field that an agent has in this dialect/],
    ['a field of the wrong kind', '{"agent_name":7}', /agent_name: expected a text/],
  ])('in a file: %s', async (_what, text, problem) => {
    expect(await refused(64, ['create', '--from', file(text), '--llm-id', 'l'])).toMatch(problem)
    expect(await uponai.control.history()).toEqual([])
  })

  test.each([
    [['update', 'chat_agent_a', '--from', '/no/such'], '(ENOENT): /no/such'],
    [['update', 'chat_agent_a', '--data-storage-retention-days', 'x'], 'from 1 to 730'],
    [['list', '--cursor', '-'], 'cursor: expected what an earlier page gave'],
    [['update', 'chat_agent_a', '--handbook-config', '{enabled'], '--handbook-config: expected JSON'],
  ])('on the command line: %j', async (words, problem) => {
    expect(await refused(64, words)).toContain(problem)
  })

  test.each([
    [429, 75, 'list', 'asks for a pause (429). Try again in 7 s'],
    [500, 75, 'list', 'Try again later'],
    [402, 1, 'list', 'asks for payment'],
    [500, 1, 'publish chat_agent_a', 'look before you try again'],
  ])('UponAI answers %i: exit code %i', async (status, code, words, problem) => {
    const retry = status === 429 ? { retry_after_s: 7 } : {}
    await uponai.control.setFaults({ rules: [{ target: 'uponai', fault: { kind: 'status', status, ...retry } }] })
    expect(await refused(code, words.split(' '))).toContain(problem)
  })

  test('credentials that are refused, and an UponAI that is away', async () => {
    const badKey = await refused(78, ['list'], { UPONAI_API_KEY: 'another-key' })
    expect(badKey).toMatch(
      /^chatlane: UponAI refuses the credentials \(401\).*Check UPONAI_API_KEY and UPONAI_WORKSPACE/,
    )
    expect(badKey).not.toContain('another-key')
    const away = await refused(75, ['list'], { UPONAI_BASE_URL: 'http://127.0.0.1:1' })
    expect(away).toMatch(/^chatlane: UponAI cannot be reached at http:\/\/127\.0\.0\.1:1.*UPONAI_BASE_URL/)
  })

  test.each([
    [
      'a key',
      { UPONAI_API_KEY: '' },
      /^UPONAI_API_KEY: expected, because this command asks UponAI, .*#uponai_api_key\n$/,
    ],
    ['a workspace', { UPONAI_WORKSPACE_ID: '' }, /^UPONAI_WORKSPACE_ID: expected an integer, required for/],
  ])('without %s in the environment', async (_what, env, problem) => {
    const ended = await uponai.run(['agents', 'list'], env)
    expect(ended).toMatchObject({ code: 78, stdout: '' })
    expect(ended.stderr).toMatch(problem)
  })
})

describe('where the dialects differ', () => {
  const rest = useUponAI('rest')
  const rpc = useUponAI('rpc')

  test('rest: a change that was passed over is said, and is no success', async () => {
    const words = ['agents', 'update', 'chat_agent_a', '--is-public', 'true', '--end-chat-after-silence-ms', '7200000']
    const ended = await rest.run([...words, '--json'])
    expect(ended.code).toBe(1)
    expect(ended.stderr).toBe('chatlane: UponAI did not take end_chat_after_silence_ms: it is 3600000\n')
    expect(ended.json()).toMatchObject({ is_public: true, end_chat_after_silence_ms: 3_600_000 })
  })

  test('rpc: a published agent is changed in a new draft', async () => {
    const done = { code: 0, stderr: '' }
    expect(await rpc.run(['agents', 'publish', 'chat_agent_a'])).toMatchObject(done)
    const update = ['agents', 'update', 'chat_agent_a', '--language', 'de-DE']
    const late = await rpc.run(update)
    expect(late).toMatchObject({ code: 1, stdout: '' })
    expect(late.stderr).toContain('is published and cannot be changed')
    const ended = await rpc.run([...update, '--new-draft', '--json'])
    expect(ended).toMatchObject({ code: 0, stderr: 'chatlane: draft 1 begun, like version 0\n' })
    expect(ended.json()).toMatchObject({ version: 1, is_published: false, language: 'de-DE' })
    expect((await rpc.run(['agents', 'versions', 'chat_agent_a'])).stdout).toMatch(
      /^VERSION +PUBLISHED +CHANGED +MADE FROM +TITLE\n1 +no .* 0\n0 +yes /,
    )
    expect(await rpc.run(['agents', 'publish', 'chat_agent_a', '--version', '1'])).toMatchObject(done)
  })
})
