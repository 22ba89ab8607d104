/** Undoes what was done, the last first. What cannot be undone is told and holds up nothing. */
export class Undo {
  readonly #tell: (problem: string) => void
  readonly #steps: (() => unknown)[] = []
  #running: Promise<void> = Promise.resolve()

  constructor(tell: (problem: string) => void) {
    this.#tell = tell
  }

  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  /** Resolves when everything is undone, whoever asked first. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#undo())
    return this.#running
  }

  async #undo(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        this.#tell(`Left behind: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
}
