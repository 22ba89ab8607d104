import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatlane } from './chatlane.ts'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeEach(() => {
  d = deployment()
})
afterEach(() => d.stop())

const run = (...words: string[]) => chatlane(['dead-letters', ...words], d.env)

/** Ids and texts, newest first, without asking the program. */
async function letters() {
  return (await d.letters.list({ limit: 1_000 })).letters
}

const texts = async () => (await letters()).map(({ text }) => text)

/** Gives up every message; those with `bad` in them for another reason. */
const buryAll = () =>
  d.workOff(d.lanes, {
    handler: async ({ data }) => {
      if (JSON.parse(data).text.includes('bad')) return { do: 'bury', reason: 'uponai_rejected', detail: 'it said no' }
      throw new Error('no answer')
    },
  })

/** Gives up a delivery, with what the real handler leaves with it. */
async function buryDelivery(conversation: string, id: string, note: { status: string; part: number }): Promise<void> {
  await d.deliveries.add(conversation, { id, data: JSON.stringify({ to: '+14155550123', text: 'an answer' }) })
  await d.workOff(d.deliveries, {
    handler: async () => ({ do: 'bury', reason: 'attempts_exhausted', detail: 'Twilio cannot be reached' }),
    onBury: () => ({ note: JSON.stringify(note) }),
  })
}

describe('list', () => {
  test('shows those of every shard that the command is set up for, though Redis lost how many there are', async () => {
    const data = JSON.stringify({ kind: 'message', text: 'bad' })
    for (const shard of [0, 1, 2, 3]) {
      const id = `c${shard}_${'x'.repeat(22)}`
      const letter = { lane: id, id: '1-0', data, reason: 'uponai_rejected', detail: '', tries: 1, history: [] }
      for (const [command, ...rest] of d.lanes.deadLetters.keep({ ...letter, at: Date.now() }))
        await d.lanes.connection.call(command, ...rest.map(String))
    }
    const listed = async (shards: string) => {
      const { stdout } = await chatlane(['dead-letters', 'list', '--json'], { ...d.env, QUEUE_SHARDS: shards })
      return JSON.parse(stdout).items.length
    }
    expect(await listed('4')).toBe(4)
    expect(await listed('1')).toBe(1)
  })

  test('says that there are none', async () => {
    expect(await run('list')).toMatchObject({ code: 0, stdout: 'no dead letters\n' })
  })

  test('shows what was given up, newest first, as JSON and as a table', async () => {
    const { conversation, message } = await d.text('+14155550123', 'first \u001b[31mred\nline')
    await d.text('+14155550123', 'bad second')
    await buryAll()
    const ids = (await letters()).map(({ id }) => id)
    const [json, table] = await Promise.all([run('list', '--json'), run('list')])
    expect(json).toMatchObject({ code: 0, stderr: '' })
    expect(json.json()).toMatchObject({
      next: null,
      items: [
        { id: ids[0], text: 'bad second', reason: 'uponai_rejected', tries: 1 },
        {
          id: ids[1],
          conversation_id: conversation,
          kind: 'message',
          message_id: message,
          text: 'first \u001b[31mred\nline',
          reason: 'attempts_exhausted',
          detail: 'no answer',
          tries: 2,
          may_repeat: false,
          at: expect.stringMatching(/Z$/),
        },
      ],
    })
    const [head, second, first, ...rest] = table.stdout.trimEnd().split('\n')
    expect(head).toMatch(/^GIVEN UP +KIND +REASON +TRIES +TEXT +ID$/)
    expect(second).toMatch(
      new RegExp(`^\\d{4}-.* UTC \\(.* ago\\) +message +uponai_rejected +1 +bad second +${ids[0]}$`),
    )
    expect(first).toMatch(/ 2 +first red line +\S+$/)
    expect(rest).toEqual([])
  })

  test('goes page by page through those that fit', async () => {
    for (const text of ['bad one', 'two', 'bad three', 'four', 'bad five']) await d.text('+14155550123', text)
    await buryAll()
    const narrow = ['--reason', 'uponai_rejected', '--kind', 'message', '--limit', '2']
    const first = JSON.parse((await run('list', ...narrow, '--json')).stdout)
    expect(first).toMatchObject({ items: [{ text: 'bad five' }, { text: 'bad three' }] })
    const [second, table] = await Promise.all([
      run('list', ...narrow, '--cursor', first.next, '--json'),
      run('list', ...narrow),
    ])
    expect(second.json()).toMatchObject({ items: [{ text: 'bad one' }], next: null })
    expect(table.stdout).toContain(`More: --cursor ${first.next}\n`)
  })

  test('shows an item that only a newer version knows, and one that is no JSON', async () => {
    const { conversation } = await d.text('+14155550123', 'hi')
    await d.lanes.add(conversation, { id: 'new', data: '{"kind":"hologram","text":5}' })
    await d.lanes.add(conversation, { id: 'odd', data: 'no JSON' })
    await buryAll()
    expect((await run('list', '--json')).json()).toMatchObject({
      items: [
        { kind: 'unknown', text: null },
        { kind: 'hologram', text: null },
        { kind: 'message', text: 'hi' },
      ],
    })
  })
})

describe('show', () => {
  test('tells all that is known: the tries, and what was said around it', async () => {
    await d.text('+14155550123', 'before')
    await d.workOff(d.lanes, { handler: async () => ({ do: 'commit' }) })
    await d.text('+14155550123', 'lost')
    await buryAll()
    const [letter] = await letters()
    const [json, readable] = await Promise.all([run('show', letter?.id ?? '', '--json'), run('show', letter?.id ?? '')])
    expect(json.json()).toMatchObject({
      id: letter?.id,
      text: 'lost',
      history: [{ detail: 'no answer' }, { detail: 'no answer' }],
      messages: [{ text: 'before' }, { text: 'lost', role: 'user' }],
    })
    const { stdout, code } = readable
    expect(code).toBe(0)
    expect(stdout).toMatch(/^reason +attempts_exhausted$/m)
    expect(stdout).toMatch(/Tries that failed\n.*\n.*no answer\n.*no answer\n/)
    expect(stdout).toMatch(/Last messages of the conversation\n.*\n.*before\n.*lost\n$/)
  })

  test('says so when there is none', async () => {
    const ended = await run('show', 'nothing')
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toBe(
      'chatlane: there is no dead letter nothing: it was replayed or removed, or its 30 days are over\n',
    )
  })
})

describe('replay', () => {
  test('puts one into its lane again', async () => {
    const { conversation, message } = await d.text('+14155550123', 'one')
    await buryAll()
    const [letter] = await letters()
    const ended = await run('replay', letter?.id ?? '', 'nothing', '--json')
    expect(ended.json()).toEqual({ replayed: 1, may_repeat: 0, not_found: 1, unreadable: 0 })
    expect(ended.code).toBe(1)
    expect(await texts()).toEqual([])
    const seen: string[] = []
    await d.workOff(d.lanes, {
      handler: async ({ id }) => {
        seen.push(id)
        return { do: 'commit' }
      },
    })
    expect(seen).toEqual([message])
    const { items } = await d.conversations.messages(conversation, '0', 10)
    expect(items).toMatchObject([{ id: message, status: 'queued' }])
  })

  test('--all brings the letters of a conversation back in order; --reason chooses', async () => {
    const said = Array.from({ length: 30 }, (_, i) => `${i}`)
    for (const text of said) await d.text('+14155550123', text)
    await d.text('+14155550123', 'bad')
    await d.text('+14155550124', 'other')
    await buryAll()
    const { stdout } = await run('replay', '--all', '--reason', 'attempts_exhausted')
    expect(stdout).toBe('31 replayed\n')
    expect(await texts()).toEqual(['bad'])
    const seen: string[] = []
    await d.workOff(d.lanes, {
      handler: async ({ data }) => {
        seen.push(JSON.parse(data).text)
        return { do: 'commit' }
      },
    })
    expect(seen.filter((text) => text !== 'other')).toEqual(said)
  })

  test('leaves what may have been sent, unless forced, and does not send again what was', async () => {
    const { conversation } = await d.text('+14155550123', 'hi')
    await d.workOff(d.lanes, { handler: async () => ({ do: 'commit' }) })
    await buryDelivery(conversation, '1700000000000-0', { status: 'unknown', part: 2 })
    const [letter] = await letters()
    const id = letter?.id ?? ''
    const [shown, one, all] = await Promise.all([run('show', id), run('replay', id), run('replay', '--all', '--json')])
    expect(shown.stdout).toMatch(/^kind +delivery$/m)
    expect(shown.stdout).toMatch(/^careful +it may have taken effect/m)
    expect(one).toMatchObject({ code: 1, stdout: '0 replayed, 1 left that may have taken effect (--force)\n' })
    expect(one.stderr).toContain('may have taken effect')
    expect([all.code, all.json()]).toEqual([0, { replayed: 0, may_repeat: 1, not_found: 0, unreadable: 0 }])
    expect(await d.deliveries.waiting(conversation)).toBe(0)

    expect((await run('replay', '--all', '--force')).stdout).toBe('1 replayed\n')
    const seen: unknown[] = []
    await d.workOff(d.deliveries, {
      handler: async ({ data }) => {
        seen.push(JSON.parse(data))
        return { do: 'commit' }
      },
    })
    expect(seen).toEqual([{ to: '+14155550123', text: 'an answer', part: 2 }])
  })
})

describe('remove', () => {
  test('takes away one, or with --yes all that fit', async () => {
    for (const text of ['bad one', 'bad two', 'three']) await d.text('+14155550123', text)
    await buryAll()
    const [last] = await letters()
    expect((await run('remove', last?.id ?? '')).stdout).toBe('1 removed\n')
    const unsure = await run('remove', '--all')
    expect(unsure).toMatchObject({ code: 64, stdout: '' })
    expect(unsure.stderr).toContain('--yes')
    expect(await texts()).toHaveLength(2)
    expect((await run('remove', '--all', '--reason', 'uponai_rejected', '--yes', '--json')).json()).toEqual({
      removed: 2,
      not_found: 0,
    })
    expect(await texts()).toEqual([])
    expect(await run('remove', last?.id ?? '')).toMatchObject({ code: 1, stdout: '0 removed\n' })
  })
})

test.each([
  [['replay']],
  [['replay', 'id', '--all']],
  [['remove', 'id', '--reason', 'r']],
  [['list', '--limit', '0']],
  [['list', '--cursor', 'x']],
  [['lsit']],
])('%s is refused as not understood', async (words) => {
  const ended = await run(...words)
  expect(ended).toMatchObject({ code: 64, stdout: '' })
  expect(ended.stderr).toMatch(/^(chatlane|error): /)
  expect(ended.stderr).not.toMatch(/\n\s+at /)
})
