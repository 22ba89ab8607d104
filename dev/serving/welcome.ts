import { z } from 'zod'
import { devApiKey } from '../stack/environment.ts'
import type { Stack } from '../stack/stack.ts'
import { command, entry, paragraph, print } from '../terminal.ts'
import { devNumber } from './routes.ts'

const nameWidth = 22

const opened = z.object({ conversation_id: z.string() })

/** Prints what there is to use: addresses that answer at this moment, and commands that work as they stand. */
export async function printWelcome({ apiUrl, adminUrl, sandboxUrl }: Stack): Promise<void> {
  const pages: [string, string][] = [
    ['widget', `${apiUrl}/widget`],
    ['API docs', `${apiUrl}/docs`],
    ['console', `${adminUrl}/console`],
    ['queues', `${adminUrl}/queues`],
    ['metrics', `${adminUrl}/metrics`],
    ['api health', `${apiUrl}/readyz`],
    ['sandbox: true history', `${sandboxUrl}/_sandbox/history`],
    ['sandbox: chats', `${sandboxUrl}/_sandbox/chats`],
  ]
  const there = await Promise.all(pages.map(([, url]) => answers(url)))
  print()
  for (const [i, [name, url]] of pages.entries()) if (there[i]) entry(name, nameWidth, url)

  const key = `-H 'Authorization: Bearer ${devApiKey}'`
  const json = "-H 'Content-Type: application/json'"
  const conversation = `${apiUrl}/v1/conversations/${await openConversation(apiUrl)}`
  const sms = JSON.stringify({ from: '+14155550100', to: devNumber, body: 'Hello by SMS' })
  print()
  paragraph('Listen to a conversation, and in another terminal say something in it:')
  command('curl -N', `${conversation}/events`, "-H 'Last-Event-ID: 0'", key)
  command('curl', `${conversation}/messages`, key, json, `-d '{"text":"Hello"}'`)
  paragraph('Send an SMS, and see the answer that Twilio got:')
  command('curl', `${sandboxUrl}/_sandbox/sms`, json, `-d '${sms}'`)
  command('curl', `'${sandboxUrl}/_sandbox/history?kind=twilio'`)
  print()
  paragraph('Sources are watched. Ctrl-C stops everything.')
  print()
}

async function openConversation(apiUrl: string): Promise<string> {
  const response = await fetch(`${apiUrl}/v1/conversations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${devApiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ agent_id: 'chat_agent_a' }),
  })
  if (response.status !== 201) throw new Error(`POST /v1/conversations: expected 201, got ${response.status}`)
  return opened.parse(await response.json()).conversation_id
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
  await response?.body?.cancel()
  // A page that asks for a password is there, too.
  return response !== undefined && (response.ok || response.status === 401)
}
