import { once } from 'node:events'
import { createServer } from 'node:http'
import { createUponAIClient, loadCliConfig, requireUponai } from '@chatlane/core'
import { expect, test } from 'vitest'
import { at, useUponAI } from './uponai-sandbox.ts'

/** ESC, OSC, C1, marks of direction, line separators: a terminal obeys them instead of showing them. */
const STEERING = 'a\u001b[2Jb\u001b]0;title\u0007c\u009b31md\u202ee\u2066f\u2028g\u007fh\u200fi'
const OBEYED = /(?!\n)[\p{Cc}\u2028\u2029\p{Cf}]/u

const uponai = useUponAI('rest')

test('a text that would steer the terminal is escaped in JSON and does not come through in tables', async () => {
  const client = createUponAIClient(requireUponai(loadCliConfig(uponai.env())))
  const { chatId } = await client.createChat({ agentId: 'chat_agent_a' })
  await client.complete(chatId, STEERING)
  await client.close()
  const json = await uponai.run(['chats', 'get', chatId, '--json'])
  expect(json.stdout).not.toMatch(OBEYED)
  expect(at(json.json(), 'messages', 0, 'text')).toBe(STEERING)
  expect((await uponai.run(['chats', 'get', chatId])).stdout).not.toMatch(OBEYED)
})

test('the words of a provider are escaped in what went wrong', async () => {
  const server = createServer((_, response) => {
    response.writeHead(402, { 'content-type': 'application/json' }).end(JSON.stringify({ detail: STEERING }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('expected a port')
  const ended = await uponai.run(['chats', 'get', 'chat_1'], { UPONAI_BASE_URL: `http://127.0.0.1:${address.port}` })
  server.close()
  expect(ended.stderr).toContain('\\u001b[2Jb')
  expect(ended.stderr).not.toMatch(OBEYED)
})
