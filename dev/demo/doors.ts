import type { SandboxClient } from '@chatlane/sandbox'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { z } from 'zod'
import type { Person } from './cast.ts'
import { origin, publicKey } from './routes.ts'

/** Somebody's way into Chatlane. Rejects when what was said is not accepted. */
export interface Door {
  say(text: string): Promise<void>
  close(): void
}

const opened = z.object({ conversation_id: z.string(), token: z.string() })
const message = z.object({ role: z.string(), text: z.string() })

/** A browser: opens a conversation with the page's public key and listens to its events. */
export async function webDoor(apiUrl: string, hear: (text: string) => void): Promise<Door> {
  const answer = await post(`${apiUrl}/v1/conversations`, { public_key: publicKey }, { origin })
  const { conversation_id: id, token } = opened.parse(answer)
  const leaving = new AbortController()
  const events = await fetch(`${apiUrl}/v1/conversations/${id}/events?token=${token}`, { signal: leaving.signal })
  if (!events.ok || !events.body) throw new Error(`events: expected 200, got ${events.status}`)
  const stream = events.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  const listening = async () => {
    for await (const { event, data } of stream) {
      if (event !== 'message') continue
      const { role, text } = message.parse(JSON.parse(data))
      if (role !== 'user') hear(text)
    }
  }
  // A connection that breaks shows as an answer that nobody hears.
  listening().catch(() => {})
  return {
    say: async (text) => {
      const headers = { origin, authorization: `Bearer ${token}` }
      await post(`${apiUrl}/v1/conversations/${id}/messages`, { text }, headers)
    },
    close: () => leaving.abort(),
  }
}

/** A telephone: Twilio brings what is said; what is heard goes to Twilio, see `upstream.ts`. */
export function smsDoor(sandbox: SandboxClient, { name, number }: Person, to: string): Door {
  return {
    say: async (body) => {
      const { status, error } = await sandbox.sendSms({ from: number, to, body })
      if (status !== 204) throw new Error(`${name}'s SMS: expected 204 from the api, got ${status ?? error}`)
    },
    close: () => {},
  }
}

async function post(url: string, body: unknown, headers: Record<string, string>): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST ${new URL(url).pathname}: expected 2xx, got ${response.status} ${text}`)
  return JSON.parse(text)
}
