import { createHash, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import { Problem } from '../problems.ts'
import { bearerOf } from './bearer.ts'

/** The keys of the server-to-server API. How long a check takes says nothing of them. */
export class ApiKeys {
  readonly #digests: Buffer[]

  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digest)
  }

  has(text: string): boolean {
    const given = digest(text)
    let found = false
    for (const known of this.#digests) if (timingSafeEqual(known, given)) found = true
    return found
  }

  /** Refuses requests without a key before their body is read. */
  demand(): RequestHandler {
    return (request, _response, next) => {
      this.require(request)
      next()
    }
  }

  /** @throws Problem `unauthorized` unless the request carries a key */
  require(request: Request): void {
    if (!this.has(bearerOf(request) ?? ''))
      throw new Problem('unauthorized', 'expected the header Authorization: Bearer <API key>')
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()
