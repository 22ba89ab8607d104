import { readFileSync } from 'node:fs'
import { RoutesError } from './error.ts'
import { loadRoutes } from './load.ts'
import { Routes } from './routes.ts'

export type Reload = { ok: true } | { ok: false; problems: string[] }

/** The routes in force. Ask for `current` at each use: a reload replaces it. */
export class RoutesHolder {
  #current: Routes
  readonly #read: () => Routes

  constructor(read: () => Routes) {
    this.#read = read
    this.#current = read()
  }

  get current(): Routes {
    return this.#current
  }

  /** Reads the file again. A bad one changes nothing and answers why, one line per problem. */
  reload(): Reload {
    try {
      this.#current = this.#read()
      return { ok: true }
    } catch (error) {
      if (!(error instanceof RoutesError)) throw error
      return { ok: false, problems: error.lines }
    }
  }
}

/**
 * Reads the routes file; without one there are no routes.
 *
 * @param dialect UponAI's, where it is known: what it cannot say is refused
 * @throws {RoutesError} when the first reading fails
 */
export function watchRoutes(file: string | undefined, dialect?: 'rest' | 'rpc'): RoutesHolder {
  return new RoutesHolder(() => readRoutes(file, dialect))
}

function readRoutes(file: string | undefined, dialect: 'rest' | 'rpc' | undefined): Routes {
  return file === undefined ? new Routes({}) : loadRoutes(readText(file), file, dialect)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new RoutesError(file, [{ line: 0, key: '', message: `expected a readable file${reason}` }])
  }
}
