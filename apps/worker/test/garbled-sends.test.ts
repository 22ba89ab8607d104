import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { freePort } from '@chatlane/dev'
import { afterEach, expect, it } from 'vitest'
import { createsOf } from './creates.ts'
import { type Stage, stage } from './stage.ts'

let s: Stage
let garbler: Server
afterEach(async () => {
  await s.stop()
  garbler.closeAllConnections()
  garbler.close()
})

/** Something between us and Twilio that spoils what Twilio says to the first message. */
async function stageBehind(spoil: (answer: Record<string, unknown>) => unknown): Promise<void> {
  const port = await freePort()
  let spoilt = false
  const before = async (uponaiUrl: string) => {
    garbler = createServer(async (incoming, outgoing) => {
      const { method, headers, url } = incoming
      const passed = request(new URL(url ?? '', uponaiUrl), { method, headers })
      passed.end(await buffer(incoming))
      const [answer] = await once(passed, 'response')
      let body = await buffer(answer)
      if (method === 'POST' && !spoilt) {
        spoilt = true
        body = Buffer.from(JSON.stringify(spoil(JSON.parse(body.toString()))))
      }
      outgoing.writeHead(answer.statusCode, { 'content-type': 'application/json' }).end(body)
    }).listen(port, '127.0.0.1')
    await once(garbler, 'listening')
    return uponaiUrl
  }
  s = await stage({ before, env: { TWILIO_BASE_URL: `http://127.0.0.1:${port}/twilio` } })
}

const delivered = async () => (await createsOf(s)).filter(({ effect }) => effect).map(({ body }) => body)

it.each<[string, (answer: Record<string, unknown>) => unknown]>([
  ['has no id', ({ sid: _, ...rest }) => rest],
  ['has null for an id', (answer) => ({ ...answer, sid: null })],
  ['has something else for an id', (answer) => ({ ...answer, sid: { toString: 'SM' } })],
])('a message to which Twilio’s answer %s is found on its list, and later ones are sent', async (_, spoil) => {
  await stageBehind(spoil)
  await s.settled(await s.text('+14155550161', 'one'))
  const conversation = await s.text('+14155550161', 'two')
  const items = await s.settled(conversation)
  expect(items.filter(({ role }) => role === 'agent').map(({ status }) => status)).toEqual(['sent', 'sent'])
  expect(await delivered()).toEqual(['echo: one', 'echo: two'])
})

it('a note of what was sent that cannot be read holds up nothing', async () => {
  await stageBehind((answer) => answer)
  const conversation = await s.text('+14155550162', 'one')
  await s.settled(conversation)
  const record = `${s.lanes.shardKeys(0).tag}:conversation:${conversation.id}`
  await s.redis.hset(record, 'sent', JSON.stringify([[null, Date.now()], ['SM1', Date.now()], 'x']))
  await s.settled(await s.text('+14155550162', 'two'))
  expect(await delivered()).toEqual(['echo: one', 'echo: two'])
})
