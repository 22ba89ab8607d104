import { Cluster, Redis } from 'ioredis'
import type { RedisConfig } from '../config/config.ts'
import type { Logger } from '../logging/logger.ts'
import { connectToAnyNode } from './any-node.ts'
import { BackOff } from './back-off.ts'
import { Connector, serverName } from './connector.ts'
import { gatherWrites } from './gather-writes.ts'
import { keepAsking } from './keep-asking.ts'
import type { RedisRole } from './role.ts'
import { RedisWatch } from './watch.ts'

const connectTimeoutMs = 5000
const sentinelTimeoutMs = 3000
/** For one command of many, while answers to others keep coming. */
const requestTimeoutMs = 3000

/** While a slot moves, one try takes three of them and 100 ms. */
const requestRedirections = 30

/** Two nodes that send each other what neither has would be asked without a pause. */
const movedPauseMs = 20

/**
 * A connection that owes an answer and gets nothing at all for so long is dead, whatever TCP thinks of it, and is made anew.
 * That also covers a frozen Redis: while it does not get through its handshake again, requests fail at once. Twilio gives a
 * webhook 15 s in all. BullMQ blocks for up to 10 s, on connections made from a worker's.
 */
const silenceMs: Record<RedisRole | 'start', number> = { request: 2500, worker: 12_000, subscriber: 5000, start: 5000 }

/**
 * Begins to connect and answers at once; the client connects again by itself for as long as it is not closed. The caller
 * closes the client.
 * @param watch knows of it from now on, and logs outages; one for all connections of a process
 */
export function connectRedis(
  redis: RedisConfig,
  role: RedisRole,
  logger: Logger,
  watch = new RedisWatch(logger, redis),
): Redis | Cluster {
  const client = open(redis, role, watch)
  watch.add(client, role)
  keepAsking(client)
  gatherWrites(client)
  return client
}

/** A plain connection to a Redis, or to any one node of a cluster, that is only looked at. The caller closes it. */
export function openEntry(redis: RedisConfig, watch: RedisWatch): Redis {
  const client = openPlain(redis, 'start', watch)
  watch.add(client, 'start')
  return client
}

function open(redis: RedisConfig, role: RedisRole, watch: RedisWatch): Redis | Cluster {
  // A cluster's client listens on one of the nodes, but neither asks it for a sign of life nor says when it changed to another.
  if (!redis.cluster || role === 'subscriber') return openPlain(redis, role, watch)
  const { access, options, enableOfflineQueue, retryStrategy } = commonOptions(redis, role, watch)
  return new Cluster(redis.cluster, {
    redisOptions: options,
    enableOfflineQueue,
    clusterRetryStrategy: retryStrategy,
    ...clusterOptionsFor(role, retryStrategy),
    // A certificate is made out to the name: do not connect to the address behind it.
    ...(access.tls && { dnsLookup: (address, callback) => callback(null, address) }),
  })
}

function openPlain(redis: RedisConfig, role: RedisRole | 'start', watch: RedisWatch): Redis {
  const { host, port, db, access, options, enableOfflineQueue, retryStrategy } = commonOptions(redis, role, watch)
  if (redis.cluster)
    return connectToAnyNode(redis.cluster, (node, again) => {
      const retry = () => {
        again()
        return retryStrategy()
      }
      return new Redis({ ...options, enableOfflineQueue, retryStrategy: retry, ...node })
    })
  const single = { ...options, db, enableOfflineQueue, retryStrategy }
  if (!redis.sentinels) return new Redis({ ...single, host, port })
  const { Connector: _, ...throughSentinels } = single
  return new Redis({
    ...throughSentinels,
    sentinels: redis.sentinels,
    name: redis.sentinelName,
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: sentinelTimeoutMs,
    ...(redis.sentinelPassword !== undefined && { sentinelPassword: redis.sentinelPassword }),
    ...(access.tls && { sentinelTLS: access.tls, enableTLSForSentinelMode: true, natMap: namedMaster }),
  })
}

function commonOptions(redis: RedisConfig, role: RedisRole | 'start', watch: RedisWatch) {
  const { host, port, db, ...access } = readUrl(redis)
  const backOff = new BackOff()
  return {
    host,
    port,
    db,
    access,
    options: { ...access, ...optionsFor(role, watch), connectionName: `${redis.prefix}:${role}` },
    enableOfflineQueue: role !== 'request',
    retryStrategy: () => backOff.next(),
  }
}

/** The master's address, to connect to as it is, with the name to say to it. */
function namedMaster(address: string) {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon)
  return { host, port: Number(address.slice(colon + 1)), ...serverName(host) }
}

function optionsFor(role: RedisRole | 'start', watch: RedisWatch) {
  return {
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceMs[role],
    // A former master that has become a replica: connect again, which finds the new one, and repeat the command.
    reconnectOnError: (error: Error): 2 | false => {
      if (!error.message.startsWith('READONLY')) return false
      watch.report(error, role)
      return 2
    },
    // Redis may refuse a channel: who listens subscribes, and asks again (subscriptions.ts).
    autoResubscribe: false,
    // What cannot be asked for INFO is not fit, and whether it reads its files is seen there as well.
    ...(role === 'start' && { enableReadyCheck: false }),
    ...(role === 'request'
      ? { maxRetriesPerRequest: 0, commandTimeout: requestTimeoutMs }
      : { maxRetriesPerRequest: null }),
  }
}

/**
 * What a node refuses (it has not, or not yet, or not any more what is asked for) was not done, and is asked again: for a
 * request as long as someone waits, for a worker until it is answered. What was sent and got no answer only a worker sends again:
 * for a request the node tries once to connect again, which refuses what was sent, and what was not goes by the cluster's rules.
 */
function clusterOptionsFor(role: RedisRole, retryStrategy: () => number) {
  return role === 'request'
    ? {
        maxRedirections: requestRedirections,
        retryDelayOnClusterDown: 0,
        clusterNodeRetryStrategy: (times: number) => (times === 1 ? retryStrategy() : null),
      }
    : { maxRedirections: Number.MAX_SAFE_INTEGER, retryDelayOnMoved: movedPauseMs }
}

function readUrl({ url: text, tls }: RedisConfig) {
  const url = new URL(text)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1)),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: { ...tls } }),
    Connector,
  }
}
