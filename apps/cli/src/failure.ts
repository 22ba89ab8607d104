/** 1: it failed; 64: the command line asks for what cannot be; 75: try again later; 78: the settings cannot be used. */
export type ExitCode = 1 | 64 | 75 | 78

/** What ends a command: said in one line, without a stack. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
