import { createUponAIClient, loadCliConfig, requireUponai } from '@chatlane/core'
import { describe, expect, test } from 'vitest'
import { chatlane } from './chatlane.ts'
import { ofItems, useUponAI } from './uponai-sandbox.ts'

const conversation = 'c0_AAAAAAAAAAAAAAAAAAAAAA'

describe.each(['rest', 'rpc'] as const)('%s', (dialect) => {
  const uponai = useUponAI(dialect)
  const ok = async (...words: string[]) => {
    const ended = await uponai.run(words)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return ended
  }
  const ids = async (...words: string[]) => ofItems((await ok('chats', 'list', ...words, '--json')).json(), 'chat_id')

  /** Chats as Chatlane or somebody else makes them; gives their ids, the oldest first. */
  async function chats(...agents: string[]): Promise<string[]> {
    const client = createUponAIClient(requireUponai(loadCliConfig(uponai.env())))
    const made: string[] = []
    for (const agentId of agents) {
      made.push((await client.createChat({ agentId, metadata: { conversation_id: conversation } })).chatId)
    }
    await client.close()
    return made
  }

  async function say(chatId: string, text: string): Promise<void> {
    const client = createUponAIClient(requireUponai(loadCliConfig(uponai.env())))
    await client.complete(chatId, text)
    await client.close()
  }

  test('the list is by start, goes page by page, and can be narrowed down', async () => {
    const [one = '', two = '', three = ''] = await chats('chat_agent_a', 'chat_agent_b', 'chat_agent_a')
    const first = (await ok('chats', 'list', '--limit', '2')).stdout
    expect(first).toMatch(
      new RegExp(
        `^STARTED +STATUS +AGENT +CONVERSATION +CHAT\n.* ongoing +chat_agent_a +${conversation} +${three}\n.* ${two}\n`,
      ),
    )
    const [, next = ''] = /\n\nMore: --cursor (\S+)\n$/.exec(first) ?? []
    expect(await ids('--limit', '2', '--cursor', next)).toEqual([one])
    expect(await uponai.run(['chats', 'list', '--cursor', 'abc'])).toMatchObject({
      code: 64,
      stdout: '',
      stderr: 'chatlane: --cursor: expected what an earlier page gave\n',
    })
    await uponai.control.endChat(three)
    const fitting = ['--agent', 'chat_agent_a', '--status', 'ongoing', '--since', '5m', '--sort', 'ascending']
    expect(await ids(...fitting)).toEqual([one])
  })

  test('a chat is shown with what was said', async () => {
    const [id = ''] = await chats('chat_agent_a')
    await say(id, 'hello')
    const shown = (await ok('chats', 'get', id)).stdout
    expect(shown).toMatch(
      new RegExp(
        `^chat +${id}\nconversation +${conversation}\nagent +chat_agent_a, version ${dialect === 'rpc' ? 0 : 1}\n`,
      ),
    )
    expect(shown).toMatch(/AT +FROM +TEXT\n.* user +hello\n.* agent +echo: hello\n$/)
    expect((await ok('chats', 'get', id, '--json')).json()).toMatchObject({
      chat_id: id,
      status: 'ongoing',
      over: false,
      ended_at: null,
      messages: [
        { role: 'user', text: 'hello' },
        { role: 'agent', text: 'echo: hello' },
      ],
    })
  })

  test('a chat is ended once', async () => {
    const [id = ''] = await chats('chat_agent_a')
    expect((await ok('chats', 'end', id)).stdout).toBe(`ended; the next message of ${conversation} opens a new chat\n`)
    expect((await uponai.control.chats())[0]).toMatchObject({ chat_id: id, status: 'ended', ended_by: 'api' })
    expect((await ok('chats', 'end', id, '--json')).json()).toEqual({
      chat_id: id,
      conversation_id: conversation,
      ended: false,
    })
  })

  test('a chat is deleted, and analysed again, where the dialect has that', async () => {
    const [id = '', other = ''] = await chats('chat_agent_a', 'chat_agent_a')
    if (dialect === 'rest') {
      for (const command of ['delete', 'rerun-analysis']) {
        const ended = await uponai.run(['chats', command, id])
        expect(ended).toMatchObject({ code: 64, stdout: '' })
        expect(ended.stderr).toContain('the rest dialect has no such request')
      }
      expect(await ids()).toEqual([other, id])
      return
    }
    expect(await uponai.run(['chats', 'rerun-analysis', id])).toMatchObject({
      code: 1,
      stderr: 'chatlane: the chat goes on: only one that is over is analysed\n',
    })
    await uponai.control.endChat(id)
    expect((await ok('chats', 'rerun-analysis', id, '--json')).json()).toMatchObject({ chat_id: id, over: true })
    expect((await ok('chats', 'delete', other)).stdout).toBe('deleted\n')
    expect(await ids()).toEqual([id])
    expect(await uponai.run(['chats', 'delete', other])).toMatchObject({ code: 1 })
  })

  test.each(['get', 'end'])('%s: an unknown chat is said', async (command) => {
    const ended = await uponai.run(['chats', command, 'chat_none'])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(
      /^chatlane: UponAI has no such chat.*chatlane chats list; see docs.*uponai_chat_gone\n$/,
    )
  })

  test('workspace tells of calls, and which workspace it is', async () => {
    if (dialect === 'rest')
      expect((await ok('workspace')).stdout).toMatch(/^workspace +1\ncalls now +0\ncalls at most +20$/m)
    expect((await ok('workspace', '--json')).json()).toMatchObject({
      dialect,
      workspace_id: dialect === 'rest' ? 1 : null,
      concurrency: { limit: 20, current: 0 },
    })
  })
})

test('chats end says what is usual instead', async () => {
  const { stdout } = await chatlane(['chats', 'end', '--help'], {})
  expect(stdout).toContain('POST /v1/conversations/{id}/end')
  expect(stdout).toContain('opens a new chat')
})
