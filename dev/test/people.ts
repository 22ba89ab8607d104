import { setTimeout as passed } from 'node:timers/promises'
import type { SandboxClient } from '@chatlane/sandbox'
import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import { devApiKey } from '../stack/environment.ts'

const authorization = `Bearer ${devApiKey}`
const created = z.object({ conversation_id: z.string(), token: z.string() })
const accepted = z.object({ message_id: z.string() })
const page = z.object({
  items: z.array(z.object({ id: z.string(), role: z.string(), text: z.string(), status: z.string() })),
})

interface Person {
  conversation: string
  /** Acknowledged texts, in order. */
  said: string[]
  /** Ids of the events that arrived, over all connections of the stream. */
  heard: string[]
}

/** People on the web, each with an event stream that resumes, and people who send text messages. */
export interface People {
  web: Person[]
  sms: { number: string; said: string[] }[]
  /** What went wrong on the way, as people saw it: `503`, or an error. */
  failures: string[]
  /** How often a stream was opened. */
  streams: number
  /** Resolves when so many more messages were acknowledged. */
  more(count: number): Promise<void>
  /** Lets everybody finish the message in hand, and waits until all that was said is answered. */
  stop(): Promise<void>
  /** Everybody's messages as the ledger has them. */
  ledger(person: Person): Promise<z.infer<typeof page>['items']>
  close(): void
}

export interface PeopleOptions {
  url: string
  sandbox: SandboxClient
  web: number
  sms: number
  /** The number that text messages go to. */
  number: string
  /** Between two messages of one person, and before the next try at one, ms. */
  pauseMs?: number
}

/** Everybody writes one message after the other, each again until it is acknowledged. */
export async function gather({ url, sandbox, web, sms, number, pauseMs = 30 }: PeopleOptions): Promise<People> {
  const failures: string[] = []
  const over = new AbortController()
  let stopped = false
  let total = 0

  async function post(path: string, body: unknown): Promise<unknown> {
    const headers = { authorization, 'content-type': 'application/json' }
    for (;;) {
      const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(
        (error: unknown) => String(error instanceof Error ? (error.cause ?? error) : error),
      )
      if (typeof answer === 'string') failures.push(answer)
      else if (answer.ok) return answer.json()
      else failures.push(`${answer.status} ${await answer.text()}`)
      if (over.signal.aborted) throw new Error('nobody waits any more')
      await passed(pauseMs)
    }
  }

  async function listen(person: Person, token: string): Promise<void> {
    while (!over.signal.aborted) {
      const from = person.heard.at(-1)
      const headers = from === undefined ? {} : { 'last-event-id': from }
      const after = from === undefined ? '&after=0' : ''
      try {
        const path = `/v1/conversations/${person.conversation}/events?token=${token}${after}`
        const response = await fetch(url + path, { headers, signal: over.signal })
        people.streams++
        const parser = createParser({ onEvent: ({ id }) => void (id !== undefined && person.heard.push(id)) })
        const decoder = new TextDecoder()
        if (response.ok)
          for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
      } catch {
        // As a browser does: again, from where it was.
      }
      await passed(200)
    }
  }

  async function write(person: Person): Promise<void> {
    for (let n = 0; !stopped; n++) {
      const text = `web ${person.conversation} ${n}`
      const body = { text, client_message_id: String(n) }
      accepted.parse(await post(`/v1/conversations/${person.conversation}/messages`, body))
      person.said.push(text)
      total++
      await passed(pauseMs)
    }
  }

  async function text(person: { number: string; said: string[] }): Promise<void> {
    for (let n = 0; !stopped; n++) {
      const body = `sms ${person.number} ${n}`
      let sid: string | undefined
      for (;;) {
        const result = await sandbox.sendSms({
          from: person.number,
          to: number,
          body,
          ...(sid && { message_sid: sid }),
        })
        sid = result.message_sid
        if (result.status === 204) break
        failures.push(`sms: ${result.status ?? result.error}`)
        await passed(pauseMs)
      }
      person.said.push(body)
      total++
      await passed(pauseMs)
    }
  }

  async function begin(): Promise<{ person: Person; token: string }> {
    const made = created.parse(await post('/v1/conversations', { agent_id: 'chat_agent_a' }))
    return { person: { conversation: made.conversation_id, said: [], heard: [] }, token: made.token }
  }
  const begun = await Promise.all(Array.from({ length: web }, begin))
  const people: People = {
    web: begun.map(({ person }) => person),
    sms: Array.from({ length: sms }, (_, n) => ({ number: `+1415556${String(n).padStart(4, '0')}`, said: [] })),
    failures,
    streams: 0,
    more: async (count) => {
      const enough = total + count
      while (total < enough) await passed(20)
    },
    stop: async () => {
      stopped = true
      await Promise.all(writing)
      for (const person of people.web) {
        const answered = async () => {
          const items = await people.ledger(person)
          return items.filter(({ role }) => role === 'agent').length >= person.said.length
        }
        while (!(await answered())) await passed(100)
      }
    },
    ledger: async ({ conversation }) => {
      const answer = await fetch(`${url}/v1/conversations/${conversation}/messages?limit=1000`, {
        headers: { authorization },
      })
      return answer.ok ? page.parse(await answer.json()).items : []
    },
    close: () => over.abort(),
  }
  for (const { person, token } of begun) void listen(person, token)
  const writing = [...people.web.map(write), ...people.sms.map(text)]
  return people
}
