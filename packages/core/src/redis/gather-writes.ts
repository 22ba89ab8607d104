import { Cluster, type Redis } from 'ioredis'

/**
 * Has the commands of one round of the event loop leave together. ioredis writes each to the socket by itself, and a write
 * costs a busy process more than the command. Nothing waits for more to come: a lone command leaves in the same round.
 */
export function gatherWrites(client: Redis | Cluster): void {
  if (client instanceof Cluster) client.on('+node', (node: Redis) => gatherFrom(node))
  else gatherFrom(client)
}

function gatherFrom(redis: Redis): void {
  // A new socket for every connection.
  redis.on('connect', () => {
    const { stream } = redis
    let gathering = false
    const leave = () => {
      gathering = false
      stream.uncork()
    }
    stream.write = new Proxy(stream.write, {
      apply(write, _self, given) {
        if (!gathering) {
          gathering = true
          stream.cork()
          setImmediate(leave)
        }
        return Reflect.apply(write, stream, given)
      },
    })
  })
}
