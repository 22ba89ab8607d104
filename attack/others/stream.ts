import type { Socket } from 'node:net'
import type { Client } from '../attacker/client.ts'
import type { Visitor } from '../attacker/conversations.ts'

/** Follows a conversation's events, and tells when a text came by. */
export class Stream {
  readonly #waiting = new Map<string, () => void>()
  readonly #socket: Socket
  /** It broke before it was left. */
  broken = false
  #left = false
  #rest = ''

  constructor(client: Client, { path, headers }: Visitor, from: string) {
    this.#socket = client.socket().setEncoding('utf8')
    this.#socket.on('data', (piece: string) => this.#take(piece))
    this.#socket.on('close', () => {
      this.broken = !this.#left
    })
    const lines = [`GET ${path}/events HTTP/1.1`, 'Host: x', `Authorization: ${headers.authorization}`]
    this.#socket.write([...lines, `X-Forwarded-For: ${from}`, 'Connection: close', '', ''].join('\r\n'))
  }

  /** Resolves when a message with exactly this text is in the stream. */
  hear(text: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(JSON.stringify(text), resolve))
  }

  leave(): void {
    this.#left = true
    this.#socket.destroy()
  }

  #take(piece: string): void {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('data:')) continue
      for (const [text, heard] of this.#waiting) {
        if (!line.includes(`"text":${text}`)) continue
        this.#waiting.delete(text)
        heard()
      }
    }
  }
}
