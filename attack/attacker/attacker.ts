import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import type { Side } from '../row.ts'

export interface AttackerSettings {
  apiUrl: string
  sandboxUrl: string
  apiKey: string
  seed: number
  /** Where the receiver of webhooks listens. */
  receiverPort: number
}

const report = z.union([
  z.object({ done: z.string(), through: z.array(z.string()).default([]) }),
  z.object({ failed: z.string() }),
])

/** The process that attacks, or does what is as busy and harmless. */
export class Attacker {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(settings: AttackerSettings): Promise<Attacker> {
    const program = new URL('./process.ts', import.meta.url)
    const child = fork(program, [JSON.stringify(settings)], {
      execArgv: ['--conditions=chatlane-source'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    return new Attacker(child)
  }

  prepare = (row: string): Promise<string[]> => this.#tell({ do: 'prepare', row })
  begin = (side: Side): Promise<string[]> => this.#tell({ do: 'start', side })
  /** @returns what it got that it must not get */
  end = (): Promise<string[]> => this.#tell({ do: 'stop' })

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    await ended
  }

  async #tell(order: object): Promise<string[]> {
    const answer = once(this.#child, 'message')
    this.#child.send(order)
    const [message] = await answer
    const told = report.parse(message)
    if ('failed' in told) throw new Error(`the attacker: ${told.failed}`)
    return told.through
  }
}
