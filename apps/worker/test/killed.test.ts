import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { type Stage, stage } from './stage.ts'

let s: Stage
afterEach(() => s.stop())

/** Waits until a request of that kind is under way, and kills the worker that made it. */
async function killDuring(
  kind: 'uponai' | 'twilio',
  operation: string,
  worker: Awaited<ReturnType<Stage['workerProcess']>>,
) {
  while (!(await s.sandbox.history({ kind })).some((entry) => 'operation' in entry && entry.operation === operation)) {
    await passed(20)
  }
  worker.kill('SIGKILL')
  await once(worker, 'exit')
  await s.sandbox.clearFaults()
}

it('says in the ledger, and to the person, that a message was given up whose last worker died', async () => {
  s = await stage({ workers: 0, env: { TURN_ATTEMPTS: '1' } })
  const worker = await s.workerProcess()
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'completion', fault: { kind: 'hang', when: 'before' } }],
  })
  const conversation = await s.text('+14155550123', 'deadly')
  await killDuring('uponai', 'completion', worker)
  await s.workerProcess()
  const items = await s.settled(conversation, (all) => all.length === 2)
  expect(items.map(({ text, status, reason }) => [text, status, reason])).toEqual([
    ['deadly', 'failed', 'attempts_exhausted'],
    ['Sorry, that went wrong.', 'sent', undefined],
  ])
})

it('delivers the answer of a message whose last worker died, and says it once', async () => {
  s = await stage({ workers: 0, env: { TURN_ATTEMPTS: '1' } })
  const worker = await s.workerProcess()
  await s.sandbox.setFaults({
    rules: [{ target: 'uponai', operation: 'completion', fault: { kind: 'hang', when: 'after' } }],
  })
  const conversation = await s.text('+14155550123', 'deadly')
  await killDuring('uponai', 'completion', worker)
  await s.workerProcess()
  const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  expect(items.map(({ text, status }) => [text, status])).toEqual([
    ['deadly', 'answered'],
    ['echo: deadly', 'sent'],
  ])
  expect(await s.sandbox.chats()).toMatchObject([{ completions: 1 }])
})

it('finds the answer and the text message that a killed worker left behind', async () => {
  s = await stage({ workers: 0 })
  const first = await s.workerProcess()
  const hang = { kind: 'hang', when: 'after' } as const
  await s.sandbox.setFaults({ rules: [{ target: 'uponai', operation: 'completion', fault: hang }] })
  const conversation = await s.text('+14155550123', 'hello')
  await killDuring('uponai', 'completion', first)
  await s.sandbox.setFaults({ rules: [{ target: 'twilio', operation: 'message-create', fault: hang }] })
  const second = await s.workerProcess()
  await killDuring('twilio', 'message-create', second)
  await s.workerProcess()
  const items = await s.settled(conversation, (all) => all.some(({ status }) => status === 'sent'))
  expect(items.map(({ text, status }) => [text, status])).toEqual([
    ['hello', 'answered'],
    ['echo: hello', 'sent'],
  ])
  expect(await s.sandbox.chats()).toMatchObject([{ completions: 1 }])
  const sends = await s.sandbox.history({ kind: 'twilio' })
  expect(sends.filter((entry) => entry.kind === 'twilio' && entry.operation === 'message-create')).toHaveLength(1)
})
