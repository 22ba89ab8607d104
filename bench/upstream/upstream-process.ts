/**
 * The least of UponAI that a benchmark needs: chats of the rest dialect that are created, answered and ended, with canned
 * answers after a while. It reads and writes HTTP by hand, because what it costs is taken from those that are measured.
 */
import { createServer, type Socket } from 'node:net'
import { HANGS, SLICE_MS, upstreamOrder } from './messages.ts'

const ANSWER = json(200, {
  messages: [{ role: 'agent', content: 'An answer of eighty characters, as an agent gives it.'.padEnd(80, '.') }],
})
const ENDED = json(200, {})
const NO_CHATS = json(200, [])
const UNKNOWN = json(404, { message: 'not found' })
const HANGING = new RegExp(`"content":"${HANGS.word}`)

let delayMs = 0
let chats = 0
const answered = new Map<number, number>()

const server = createServer((socket) => {
  socket.setNoDelay(true)
  // Whoever gives up a request closes its connection.
  socket.on('error', () => socket.destroy())
  let read = ''
  // One byte per character: lengths are those of the headers.
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    read += chunk
    for (let end = endOfRequest(read); end !== undefined && read.length >= end; end = endOfRequest(read)) {
      answer(socket, read.slice(0, end))
      read = read.slice(end)
    }
  })
})

function endOfRequest(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return undefined
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1] ?? '0'
  return head + 4 + Number(length)
}

function answer(socket: Socket, request: string): void {
  const [method = '', target = ''] = request.slice(0, request.indexOf('\r\n')).split(' ')
  const [path = ''] = target.split('?')
  if (path.endsWith('/completions')) setTimeout(() => complete(socket), HANGING.test(request) ? HANGS.ms : delayMs)
  else if (path.endsWith('/end')) socket.write(ENDED)
  else if (path === '/api/chats') socket.write(method === 'POST' ? newChat() : NO_CHATS)
  else socket.write(UNKNOWN)
}

function complete(socket: Socket): void {
  if (socket.destroyed) return
  const slice = Math.floor(Date.now() / SLICE_MS) * SLICE_MS
  answered.set(slice, (answered.get(slice) ?? 0) + 1)
  socket.write(ANSWER)
}

/** Its id is as long as a real one. */
function newChat(): string {
  const chatId = `chat_${(++chats).toString(16).padStart(32, '0')}`
  return json(201, { chat_id: chatId, chat_status: 'ongoing', messages: [] })
}

function json(status: number, body: unknown): string {
  const text = JSON.stringify(body)
  // Without the hint clients close a connection that was idle for a few seconds, and open it again.
  const head = `content-type: application/json\r\nkeep-alive: timeout=75\r\ncontent-length: ${text.length}`
  return `HTTP/1.1 ${status} -\r\n${head}\r\n\r\n${text}`
}

process.on('message', (message) => {
  const order = upstreamOrder.parse(message)
  if ('delayMs' in order) delayMs = order.delayMs
  else {
    process.send?.({ answered: [...answered] })
    answered.clear()
  }
})
process.once('disconnect', () => process.exit())
server.listen({ port: 0, host: '127.0.0.1', backlog: 10_000 }, () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
})
