import { conversationKeys, createUponAIClient, loadCliConfig, requireUponai } from '@chatlane/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatlane } from './chatlane.ts'
import { type Deployment, deployment } from './deployment.ts'
import { useUponAI } from './uponai-sandbox.ts'

let d: Deployment
beforeAll(() => {
  d = deployment()
})
afterAll(() => d.stop())

describe.each(['rest', 'rpc'] as const)('conversations update, %s', (dialect) => {
  const uponai = useUponAI(dialect)
  const env = () => ({ ...uponai.env(), ...d.env })
  const update = (...words: string[]) => chatlane(['conversations', 'update', ...words], env())

  test('changes what is stored, and the open chat', async () => {
    const { id } = await d.conversations.openWeb({ agentId: 'chat_agent_a', dynamicVariables: { name: 'Ada' } })
    expect(await update(id, '--metadata', '{"order":17}', '--variable', 'status=new')).toMatchObject({
      code: 0,
      stdout: 'stored for the next chat; none is open\n',
      stderr: '',
    })
    const client = createUponAIClient(requireUponai(loadCliConfig(env())))
    const { chatId } = await client.createChat({ agentId: 'chat_agent_a' })
    await d.lanes.connection.hset(conversationKeys(d.env.REDIS_PREFIX, id).record, 'chat', chatId)
    const changed = await update(id, '--variable', 'status=shipped', '--without-variable', 'name', '--json')
    expect(changed.json()).toEqual({ conversation_id: id, updated_chat_id: chatId })
    expect(await d.conversations.find(id)).toMatchObject({
      metadata: { order: 17 },
      dynamicVariables: { status: 'shipped' },
    })
    expect((await client.getChat(chatId)).overrideDynamicVariables).toEqual({ status: 'shipped' })

    const fault = { kind: 'status', status: 500 } as const
    await uponai.control.setFaults({ rules: [{ target: 'uponai', operation: 'update', fault }] })
    const failed = await update(id, '--variable', 'status=back')
    expect(failed).toMatchObject({ code: 75, stdout: '' })
    expect(failed.stderr).toMatch(/^chatlane: stored for the next chat, but the open one may not have it: .*500/)
    expect(await d.conversations.find(id)).toMatchObject({ dynamicVariables: { status: 'back' } })
    await client.close()
  })
})

describe('what cannot be', () => {
  const uponai = useUponAI('rest')
  test.each([
    [[], 64, 'expected --metadata, --variable or --without-variable'],
    [['--variable', 'user_number=1'], 64, 'user_number: expected the name of a variable'],
    [['--variable', 'a=b'], 1, 'there is no conversation with this id'],
  ])('%j', async (words, code, said) => {
    const id = 'c0_AAAAAAAAAAAAAAAAAAAAAA'
    const ended = await chatlane(['conversations', 'update', id, ...words], { ...uponai.env(), ...d.env })
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toContain(said)
  })
})
