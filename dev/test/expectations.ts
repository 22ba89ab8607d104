import type { SandboxClient } from '@chatlane/sandbox'
import { expect } from 'vitest'
import type { People } from './people.ts'

/** Every stream brought the ledger's messages, each once, in order. */
export async function expectHeardAll(people: People): Promise<void> {
  for (const person of people.web) {
    const ids = (await people.ledger(person)).map(({ id }) => id)
    await expect.poll(() => person.heard.at(-1)).toBeDefined()
    await expect.poll(() => ids.every((id) => person.heard.includes(id))).toBe(true)
    expect(person.heard.filter((id) => ids.includes(id))).toEqual(ids)
    expect(new Set(person.heard).size).toBe(person.heard.length)
  }
}

/** Everything that was said reached UponAI once and in order, and its answers came back once and in order. */
export async function expectAnsweredOnce(people: People, sandbox: SandboxClient): Promise<void> {
  for (const person of people.web) {
    const items = await people.ledger(person)
    expect(items.filter(({ role }) => role === 'user').map(({ text, status }) => [text, status])).toEqual(
      person.said.map((text) => [text, 'answered']),
    )
    expect(
      items.filter(({ role, text }) => role === 'agent' && text.startsWith('echo: ')).map(({ text }) => text),
    ).toEqual(person.said.map((text) => `echo: ${text}`))
  }
  const sent = async (number: string) => {
    const history = await sandbox.history({ kind: 'twilio', limit: 100_000 })
    return history.flatMap((entry) =>
      entry.kind === 'twilio' && entry.operation === 'message-create' && entry.effect && entry.to === number
        ? [entry.body]
        : [],
    )
  }
  for (const { number, said } of people.sms) {
    const answers = said.map((text) => `echo: ${text}`)
    await expect.poll(() => sent(number)).toHaveLength(answers.length)
    expect(await sent(number)).toEqual(answers)
  }
  const heard = (await sandbox.chats()).flatMap(({ messages }) =>
    messages.filter(({ role }) => role === 'user').map(({ content }) => content),
  )
  const said = [...people.web, ...people.sms].flatMap((person) => person.said)
  expect(heard.sort()).toEqual(said.sort())
}
