import { Cluster, type Redis } from 'ioredis'

const everyMs = 1000

/**
 * Pings Redis once a second, so that a connection on which nothing arrives any more (a network that swallows packets, a
 * frozen Redis) is found by its silence before somebody needs it: one that only listens would never notice. A cluster's
 * connections are pinged by nobody: they are many, and are found by the commands they carry.
 */
export function keepAsking(client: Redis | Cluster): void {
  if (client instanceof Cluster) return
  let waiting = false
  const timer = setInterval(() => {
    if (waiting || client.status !== 'ready') return
    waiting = true
    client
      .ping()
      // What is wrong is told by the connection.
      .catch(() => {})
      .finally(() => {
        waiting = false
      })
  }, everyMs).unref()
  client.once('end', () => clearInterval(timer))
}
