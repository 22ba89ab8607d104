import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endOf } from '../child.ts'
import type { Phase } from '../phase.ts'
import { type Order, type Said, saidSchema } from './orders.ts'

/** UponAI and Twilio as the benchmark plays them, in a process of their own whose cost nobody counts. */
export interface Providers {
  url: string
  /**
   * Sees what arrives from now on.
   * @param ordered whether the messages of a participant have to come in order, one at a time
   */
  expect(phase: Phase, ordered: boolean): Promise<void>
  /** Resolves when every message that was expected was answered and the answer sent; rejects when nothing arrives any more. */
  all(): Promise<void>
  /** When the completion of each message arrived, ms since 1970. @throws Error when one was lost, doubled or out of order */
  verify(): Promise<number[]>
  stop(): Promise<void>
}

/** Nothing arrived for so long: some were lost. */
const PATIENCE_MS = 30_000

export async function startProviders(): Promise<Providers> {
  const child = fork(fileURLToPath(new URL('./providers-process.ts', import.meta.url)), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const begun = await heard(child, (said) => ('port' in said ? said.port : undefined))
  const order = (order: Order) => child.send(order)
  const seen = () => {
    const answer = heard(child, (said) => ('completions' in said ? said : undefined))
    order({ tell: 'seen' })
    return answer
  }
  let all = Promise.resolve()
  return {
    url: `http://127.0.0.1:${begun}`,
    expect: async ({ messages, participants }, ordered) => {
      order({ expect: { messages, participants, ordered } })
      all = heard(child, (said) => 'all' in said || undefined).then(() => undefined)
      // Where there is no worker nobody waits for it.
      all.catch(() => undefined)
      // What is asked next is answered after that: nothing arrives unseen.
      await seen()
    },
    all: async () => {
      let before = -1
      let stuck: NodeJS.Timeout | undefined
      const patience = new Promise<never>((_, reject) => {
        stuck = setInterval(async () => {
          const { completions, sends, wrong } = await seen()
          if (completions + sends === before) reject(new Error(`nothing arrives any more: ${wrong}`))
          before = completions + sends
        }, PATIENCE_MS)
      })
      await Promise.race([all, patience]).finally(() => clearInterval(stuck))
    },
    verify: async () => {
      const { wrong, startedAt } = await seen()
      if (wrong !== undefined) throw new Error(wrong)
      return startedAt
    },
    stop: () => endOf(child, () => child.disconnect()),
  }
}

/** Resolves with the first thing said in which something is found. */
function heard<T>(child: ChildProcess, find: (said: Said) => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown) => {
      const found = find(saidSchema.parse(message))
      if (found === undefined) return
      child.off('message', onMessage).off('exit', onExit)
      resolve(found)
    }
    const onExit = () => reject(new Error('the providers’ process ended'))
    child.on('message', onMessage).once('exit', onExit)
  })
}
