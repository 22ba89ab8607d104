import { Client, Pool } from 'undici'
import { connections as reliable } from './connections.ts'

/** A pool that looks for a free connection looks at one after the other, for every request. */
const MOST_LOOKED_AT = 64

const options = {
  ...reliable,
  pipelining: 1,
  allowH2: false,
  // The deadline of the exchange covers both.
  headersTimeout: 0,
  bodyTimeout: 0,
  maxResponseSize: 64 * 1024 * 1024,
}

/**
 * Keep-alive connections to one origin, each with one exchange at a time: what a lost connection took with it is then never in
 * doubt for others. Many are a pool of pools, so that thousands of busy ones are not looked through for a free one.
 * @param connections most in use at a time, rounded up to whole pools; more requests wait for a free one. A pool one of whose
 *   connections cannot be made is replaced: what is in progress in it ends, what is idle is closed.
 */
export function openPool(origin: string, connections: number): Pool {
  if (connections <= MOST_LOOKED_AT) return new Pool(origin, { ...options, connections })
  const each = Math.ceil(Math.sqrt(connections))
  const factory = () => new Pool(origin, { ...options, connections: each })
  return new Pool(origin, { ...options, connections: Math.ceil(connections / each), factory })
}

/** One connection to an origin that nothing was ever said over. */
export function openFresh(origin: string): Client {
  return new Client(origin, options)
}
