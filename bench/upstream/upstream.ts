import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type UpstreamOrder, upstreamReply } from './messages.ts'

/** UponAI as the benchmark plays it, a process of its own. */
export interface Upstream {
  url: string
  /** Answers take so long from now on. */
  setDelay(delayMs: number): void
  /** Completions answered since the last time it was asked. */
  answered(): Promise<Answered>
  stop(): Promise<void>
}

export interface Answered {
  /** How many, by the time at which a slice of {@link SLICE_MS} began; slices without any are left out. */
  slices: [at: number, count: number][]
}

export async function startUpstream(): Promise<Upstream> {
  const child = fork(fileURLToPath(new URL('./upstream-process.ts', import.meta.url)), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const begun = await reply(child)
  if (!('port' in begun)) throw new Error('the upstream began with something else than its port')
  const order = (order: UpstreamOrder) => child.send(order)
  return {
    url: `http://127.0.0.1:${begun.port}`,
    setDelay: (delayMs) => void order({ delayMs }),
    answered: async () => {
      const said = reply(child)
      order({ tell: 'answered' })
      const answer = await said
      if (!('answered' in answer)) throw new Error('the upstream said something else than what it answered')
      return { slices: answer.answered }
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

async function reply(child: ChildProcess) {
  const settled = new AbortController()
  try {
    const message = await Promise.race([
      once(child, 'message', { signal: settled.signal }).then(([value]) => upstreamReply.parse(value)),
      once(child, 'exit', { signal: settled.signal }).then(() => undefined),
    ])
    if (!message) throw new Error('the upstream ended')
    return message
  } finally {
    settled.abort()
  }
}
