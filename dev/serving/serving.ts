import type { Service } from '../stack/service.ts'
import type { Part, Stack } from '../stack/stack.ts'

const parts: readonly Part[] = ['sandbox', 'api', 'worker']

/** One process of each part, which can be started again; one change after the other. */
export class Serving {
  readonly #stack: Stack
  readonly #log: (line: string) => void
  readonly #running = new Map<Part, Service>()
  #last: Promise<void> = Promise.resolve()
  #stopping = false

  constructor(stack: Stack, log: (line: string) => void) {
    this.#stack = stack
    this.#log = log
  }

  async start(): Promise<void> {
    for (const part of parts) await this.#start(part)
  }

  /** A part that does not start is told of, and tried again at the next change. */
  restart(changed: ReadonlySet<Part>): void {
    this.#last = this.#last.then(async () => {
      for (const part of parts) {
        if (!changed.has(part) || this.#stopping) continue
        this.#log(`${part}: sources changed, starting it again`)
        await this.#running.get(part)?.stop()
        await this.#start(part).catch((error: unknown) => this.#log(String(error)))
      }
    })
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#stack.stop()
    await this.#last
    await this.#stack.stop()
  }

  async #start(part: Part): Promise<void> {
    const service = await this.#stack.start(part, part)
    this.#running.set(part, service)
    void service.ended.then((how) => {
      // Stopped by us: exit code 0.
      if (this.#running.get(part) === service && how !== 'exit code 0')
        this.#log(`${part} ended: ${how}; it is started again when its sources change`)
    })
  }
}
