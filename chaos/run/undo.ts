/** Undoes what was done, the last first; a second call waits for the first one. */
export class Undo {
  readonly #steps: (() => Promise<void>)[] = []
  #running: Promise<void> | undefined

  add(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  run(): Promise<void> {
    this.#running ??= this.#run()
    return this.#running
  }

  async #run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      // What cannot be undone must not keep the rest from being undone.
      await step().catch((error: unknown) => console.error(error))
    }
  }
}
