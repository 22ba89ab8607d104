import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endOf } from '../child.ts'
import { type LoadSaid, type LoadTask, loadSaidSchema } from './task.ts'

export type Sent = Extract<LoadSaid, { seconds: number }>

/** A phase's requests, written and signed, waiting to be sent. */
export interface Load {
  /** Sends them all. @throws Error when one was not answered 204 */
  send(): Promise<Sent>
  stop(): Promise<void>
}

/** Writes a phase's requests in a process of its own, so that sending them costs little. */
export async function prepareLoad(task: LoadTask): Promise<Load> {
  const child = fork(fileURLToPath(new URL('./load-process.ts', import.meta.url)), [JSON.stringify(task)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const said = async (): Promise<LoadSaid> => {
    const settled = new AbortController()
    try {
      const [message] = await Promise.race([
        once(child, 'message', { signal: settled.signal }),
        once(child, 'exit', { signal: settled.signal }).then(() => [{ wrong: 'the load’s process ended' }]),
      ])
      const said = loadSaidSchema.parse(message)
      if ('wrong' in said) throw new Error(said.wrong)
      return said
    } finally {
      settled.abort()
    }
  }
  await said()
  return {
    send: async () => {
      const sent = said()
      child.send('go')
      const outcome = await sent
      if (!('seconds' in outcome)) throw new Error('expected the load’s process to say what became of it')
      return outcome
    },
    stop: () => endOf(child, () => child.disconnect()),
  }
}
