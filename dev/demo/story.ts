import { setTimeout as passed } from 'node:timers/promises'
import type { Service } from '../stack/service.ts'
import type { Stack } from '../stack/stack.ts'
import { ada, bruno, chen, dora, emil, fay, gus, type Line, type Person, people } from './cast.ts'
import { type Door, smsDoor, webDoor } from './doors.ts'
import type { Journal } from './journal.ts'
import { closingText, infoNumber, shopNumber } from './routes.ts'
import { heading } from './screen.ts'
import { closedChats, closingTexts } from './verdict.ts'

const lookEveryMs = 25
/** A dead worker's lease (15 s), and some time on top. */
const patienceMs = 30_000

/** Plays the demo; rejects with what did not happen in time. */
export async function play(stack: Stack, firstWorker: Service, journal: Journal): Promise<void> {
  const doors = new Map<Person, Door>()
  for (const person of people) doors.set(person, await open(stack, journal, person))

  async function write(person: Person, line: Line): Promise<void> {
    journal.note(person.name, person.channel, 'writes', line.text)
    await doors.get(person)?.say(line.text)
  }
  async function talk(person: Person, from: number, to: number, pauseMs = 300): Promise<void> {
    for (const [i, line] of person.lines.slice(from, to).entries()) {
      if (i > 0) await passed(pauseMs)
      await write(person, line)
      await heard(journal, person, line.answer)
    }
  }
  async function burst(person: Person, from: number, to: number): Promise<void> {
    const lines = person.lines.slice(from, to)
    for (const line of lines) await write(person, line)
    for (const line of lines) await heard(journal, person, line.answer)
  }

  journal.flush()
  heading('Six people write at the same time')
  journal.begin()
  journal.note(firstWorker.name, '', 'starts', 'takes messages')
  await Promise.all([
    talk(ada, 0, 4),
    burst(bruno, 0, 5),
    talk(chen, 0, 1),
    talk(dora, 0, 1),
    talk(emil, 0, 1),
    talk(fay, 0, 1).then(() => heard(journal, fay, closingText)),
  ])

  journal.flush()
  heading('The worker is killed in the middle of a conversation; people go on writing')
  const [booking] = gus.lines
  if (!booking) throw new Error('Gus has nothing to say')
  await write(gus, booking)
  await until('UponAI to be asked for Gus', async () => {
    const asked = await stack.sandbox.history({ kind: 'uponai' })
    return asked.some((entry) => entry.kind === 'uponai' && entry.content === booking.text)
  })
  await firstWorker.kill()
  journal.note(firstWorker.name, '', 'dies', 'killed with -9 while UponAI works on Gus’ answer')
  const second = stack.start('worker', 'worker 2').then(() => {
    journal.note('worker 2', '', 'starts', 'takes messages')
    journal.note(gus.name, gus.channel, 'waits', 'waits for the dead worker’s lease to end (15 s)')
  })
  await Promise.all([
    second,
    talk(ada, 4, 7, 4_000),
    burst(bruno, 5, 8),
    talk(chen, 1, 3, 6_000),
    talk(dora, 1, 3, 10_000),
    talk(emil, 1, 3, 8_000),
    talk(fay, 1, 2),
    heard(journal, gus, booking.answer),
  ])
  await until('the closed chats to have their closing texts', async () => {
    const { sandbox } = stack
    return closingTexts(await sandbox.history()) === closedChats(await sandbox.chats())
  })
  for (const door of doors.values()) door.close()
}

function open(stack: Stack, journal: Journal, person: Person): Promise<Door> {
  if (person.channel === 'web')
    return webDoor(stack.apiUrl, (text) => journal.note(person.name, person.channel, 'hears', text))
  return Promise.resolve(smsDoor(stack.sandbox, person, person === fay ? infoNumber : shopNumber))
}

function heard(journal: Journal, { name }: Person, text: string): Promise<void> {
  return until(`${name} to hear "${text}"`, () => journal.heardBy(name).includes(text))
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await passed(lookEveryMs)) {
    if (await isSo()) return
  }
  throw new Error(`waited ${patienceMs / 1000} s in vain for ${what}`)
}
