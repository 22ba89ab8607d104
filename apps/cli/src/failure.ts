/** What ends a command: said in one line, without a stack. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: number

  /** @param exitCode 1: it failed; 64: the command line asks for what cannot be */
  constructor(message: string, exitCode: 1 | 64 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
