import { Cluster, type Redis } from 'ioredis'

const everyMs = 1000

/**
 * Pings Redis once a second, so that a connection on which nothing arrives any more (a network that swallows packets, a
 * frozen Redis) is found by its silence before somebody needs it: one that only listens would never notice. Of a
 * cluster every node is asked that a command was for: nodes connect when they are needed.
 */
export function keepAsking(client: Redis | Cluster): void {
  if (client instanceof Cluster) client.on('+node', ask)
  else ask(client)
}

function ask(client: Redis): void {
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
