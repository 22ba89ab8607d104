import { readFileSync } from 'node:fs'
import { RoutesError } from './error.ts'
import { loadRoutes } from './load.ts'
import { Routes } from './routes.ts'

export type Reload = { ok: true } | { ok: false; problems: string[] }

/** The routes in force. Ask for `current` at each use: a reload replaces it. */
export class RoutesHolder {
  #current: Routes
  readonly #file: string | undefined

  constructor(file: string | undefined, routes: Routes) {
    this.#file = file
    this.#current = routes
  }

  get current(): Routes {
    return this.#current
  }

  /** Reads the file again. A bad one changes nothing and answers why, one line per problem. */
  reload(): Reload {
    try {
      this.#current = readRoutes(this.#file)
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
 * @throws {RoutesError} when the first reading fails
 */
export function watchRoutes(file: string | undefined): RoutesHolder {
  return new RoutesHolder(file, readRoutes(file))
}

function readRoutes(file: string | undefined): Routes {
  return file === undefined ? new Routes({}) : loadRoutes(readText(file), file)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new RoutesError(file, [{ line: 0, key: '', message: `expected a readable file${reason}` }])
  }
}
