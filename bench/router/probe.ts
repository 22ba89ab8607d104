/** Loaded into a measured worker ahead of its own code: says what it uses when asked, and ends with whoever measures. */
import type { Probed } from './probed.ts'

process.on('message', (message) => {
  if (typeof message === 'object' && message !== null && 'gc' in message && message.gc === true) globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  process.send?.({ rss, heapUsed, cpuMicros: user + system } satisfies Probed)
})
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// The worker ends by itself when it is told to stop.
process.channel?.unref()
