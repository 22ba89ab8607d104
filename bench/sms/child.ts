import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Has a process end, and waits for it; one that ended already is left alone. */
export async function endOf(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  end()
  await ended
}
