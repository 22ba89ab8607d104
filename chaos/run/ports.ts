import { isFree } from '../../dev/serving/is-free.ts'

/**
 * Ports that can be listened on again and again: they lie below those from which the system takes one for each outgoing
 * connection, which could be taken while a process is down.
 */
const LEAST = 12_000
const MOST = 32_000

const given = new Set<number>()

/** A port of 127.0.0.1 that nobody listens on, and that this process gives to nobody else. */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST))
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}
