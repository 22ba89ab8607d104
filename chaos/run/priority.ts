import { constants, setPriority } from 'node:os'

const { PRIORITY_ABOVE_NORMAL, PRIORITY_NORMAL } = constants.priority

/**
 * What plays the world (the sandbox, the proxies) has to be quicker than what is tried: a call that reaches a provider only when
 * its caller has long given up is nothing that anybody can cope with. Only root may go ahead of others; without that right
 * all are equal.
 */
export function givePriority(pid: number, priority: 'high' | 'normal'): void {
  try {
    setPriority(pid, priority === 'high' ? PRIORITY_ABOVE_NORMAL : PRIORITY_NORMAL)
  } catch {
    // Not allowed; or the process is gone, and its end is noticed elsewhere.
  }
}
