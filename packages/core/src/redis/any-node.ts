import type { Redis } from 'ioredis'
import type { HostPort } from '../config/config.ts'

/**
 * A connection to one node of a cluster, whichever: what is published on one reaches the subscribers of all. When it breaks,
 * the next node is tried, among those that were given and those that a node named.
 * @param open makes the connection, given its first node and what is to be done before each further try
 */
export function connectToAnyNode(
  given: readonly HostPort[],
  open: (node: HostPort | undefined, again: () => void) => Redis,
): Redis {
  let nodes = [...given]
  let next = Math.floor(Math.random() * nodes.length)
  const choose = () => nodes[next++ % nodes.length]
  // the options are read when it connects
  const redis = open(choose(), () => Object.assign(redis.options, choose()))
  redis.on('ready', async () => {
    const known = await redis.cluster('NODES').then(addressesIn, () => [])
    const added = known.filter(({ host, port }) => !given.some((node) => node.host === host && node.port === port))
    if (known.length > 0) nodes = [...given, ...added]
  })
  return redis
}

/** Lines such as `<id> 10.0.0.7:6379@16379,name.example.com master - …`. */
function addressesIn(text: unknown): HostPort[] {
  return String(text)
    .split('\n')
    .flatMap((line) => {
      const [, ip, port, name] = /^\S+ (\S+):(\d+)@\d+(?:,([^\s,]*))?/.exec(line) ?? []
      const host = name || ip
      return host && !/\b(noaddr|handshake|fail)\b/.test(line) ? [{ host, port: Number(port) }] : []
    })
}
