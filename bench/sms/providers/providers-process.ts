/**
 * The least of UponAI (rest dialect) and Twilio that the router needs, answering at once. It sees what arrives: each message
 * once, and in order where order is promised.
 */
import { createServer, type Socket } from 'node:net'
import { Witness } from '../../witness.ts'
import { endOfMessage, jsonAnswer } from '../http-text.ts'
import { text } from '../phase.ts'
import { orderSchema, type Said } from './orders.ts'

const CONTENT = /"content":"(\d{8})/
const BODY = /(?:^|&)Body=(\d{8})/
const FOUND_NONE = jsonAnswer('200 OK', '{"messages":[],"data":[],"next_page_uri":null,"meta":{}}')
const UNKNOWN = jsonAnswer('404 Not Found', '{"message":"not found"}')
const ENDED = jsonAnswer('204 No Content', '')

let chats = 0
let sids = 0
let sent = 0
let expected = 0
let completions = new Witness(0, 0, 'nothing')
let sends = new Witness(0, 0, 'nothing')
let startedAt = new Float64Array()

const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.setEncoding('latin1')
  // Whoever gives up a request closes its connection.
  socket.on('error', () => socket.destroy())
  let read = ''
  socket.on('data', (chunk: string) => {
    read += chunk
    for (let end = endOfMessage(read); end !== undefined; end = endOfMessage(read)) {
      answer(socket, read.slice(0, end))
      read = read.slice(end)
    }
  })
})

function answer(socket: Socket, request: string): void {
  const bodyAt = request.indexOf('\r\n\r\n') + 4
  const [method, target = ''] = request.slice(0, request.indexOf('\r\n')).split(' ')
  const [path = ''] = target.split('?')
  if (method === 'GET') socket.write(/\/(chats|Messages\.json)$/.test(path) ? FOUND_NONE : UNKNOWN)
  else if (path.endsWith('/completions')) socket.write(complete(request.slice(bodyAt)))
  else if (path.endsWith('/Messages.json')) socket.write(send(request.slice(bodyAt)))
  else if (path.endsWith('/chats')) socket.write(newChat())
  else socket.write(path.endsWith('/end') ? ENDED : UNKNOWN)
}

function newChat(): string {
  return jsonAnswer('201 Created', `{"chatId":"chat_${++chats}","status":"ongoing","messages":[]}`)
}

function complete(body: string): string {
  const message = Number(CONTENT.exec(body)?.[1])
  startedAt[message] = performance.timeOrigin + performance.now()
  void completions.handle(String(message))
  const said = { role: 'agent', content: text(message) }
  return jsonAnswer('201 Created', JSON.stringify({ messages: [said] }))
}

function send(body: string): string {
  void sends.handle(BODY.exec(body)?.[1] ?? '')
  if (++sent === expected) setImmediate(() => say({ all: true }))
  const sid = `SM${String(++sids).padStart(32, '0')}`
  return jsonAnswer('201 Created', JSON.stringify({ sid, status: 'queued', num_segments: '1', error_code: null }))
}

function say(said: Said): void {
  process.send?.(said)
}

process.on('message', (message) => {
  const order = orderSchema.parse(message)
  if ('expect' in order) {
    const { messages, participants, ordered } = order.expect
    const promised = ordered ? 'order' : 'nothing'
    completions = new Witness(messages, participants, promised)
    sends = new Witness(messages, participants, promised)
    startedAt = new Float64Array(messages)
    expected = messages
    sent = 0
  } else {
    const [asked, told] = [completions.verdict(), sends.verdict()]
    const wrong = [asked && `completions: ${asked}`, told && `messages sent: ${told}`].filter(Boolean).join('; ')
    say({
      completions: completions.handled,
      sends: sends.handled,
      ...(wrong !== '' && { wrong }),
      startedAt: [...startedAt],
    })
  }
})
process.once('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') say({ port: address.port })
})
