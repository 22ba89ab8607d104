import { Cluster, Redis } from 'ioredis'
import type { RedisConfig } from '../config/config.ts'
import type { Logger } from '../logging/logger.ts'
import { connectToAnyNode } from './any-node.ts'
import { gatherWrites } from './gather-writes.ts'
import { keepAsking } from './keep-asking.ts'
import { reportOutages } from './outages.ts'

/**
 * What a connection is for. `request`: someone waits for an HTTP answer, so without Redis a command fails at once, and none
 * is ever sent a second time behind the caller's back. `worker`: commands wait until Redis is back and are sent again, as
 * BullMQ demands; it makes its blocking connections from this one. `subscriber`: listens to channels, and goes on listening
 * to them after an outage.
 */
export type RedisRole = 'request' | 'worker' | 'subscriber'

const connectTimeoutMs = 5000
const sentinelTimeoutMs = 3000
/** For one command of many, while answers to others keep coming. */
const requestTimeoutMs = 3000
const longestPauseMs = 1000

/** While a slot moves, one try takes three of them and 100 ms. */
const requestRedirections = 30

/** Two nodes that send each other what neither has would be asked without a pause. */
const movedPauseMs = 20

/**
 * A connection that owes an answer and gets nothing at all for so long is dead, whatever TCP thinks of it, and is made anew.
 * That also covers a frozen Redis: while it does not get through its handshake again, requests fail at once. Twilio gives a
 * webhook 15 s in all. BullMQ blocks for up to 10 s, on connections made from a worker's.
 */
const silenceMs: Record<RedisRole, number> = { request: 2500, worker: 12_000, subscriber: 5000 }

const pauseBeforeRetry = (times: number) =>
  Math.min(50 * 2 ** Math.min(times - 1, 10), longestPauseMs) * (0.75 + Math.random() / 2)

/**
 * Begins to connect and answers at once; the client connects again by itself for as long as it is not closed. An outage
 * is logged once, with its end. The caller closes the client.
 */
export function connectRedis(redis: RedisConfig, role: RedisRole, logger: Logger): Redis | Cluster {
  const client = open(redis, role)
  reportOutages(client, role, logger)
  keepAsking(client)
  gatherWrites(client)
  return client
}

function open(redis: RedisConfig, role: RedisRole): Redis | Cluster {
  const { host, port, db, ...access } = readUrl(redis.url)
  const enableOfflineQueue = role !== 'request'
  const options = { ...access, ...optionsFor(role), connectionName: `${redis.prefix}:${role}` }
  if (redis.cluster) {
    // A cluster's client listens on one of the nodes, but neither asks it for a sign of life nor says when it changed to another.
    if (role === 'subscriber')
      return connectToAnyNode(redis.cluster, (node, again) => {
        const retryStrategy = (times: number) => {
          again()
          return pauseBeforeRetry(times)
        }
        return new Redis({ ...options, enableOfflineQueue, retryStrategy, ...node })
      })
    return new Cluster(redis.cluster, {
      redisOptions: options,
      enableOfflineQueue,
      clusterRetryStrategy: pauseBeforeRetry,
      ...clusterOptionsFor(role),
      // A certificate is made out to the name: do not connect to the address behind it.
      ...(access.tls && { dnsLookup: (address, callback) => callback(null, address) }),
    })
  }
  const single = { ...options, db, enableOfflineQueue, retryStrategy: pauseBeforeRetry }
  if (!redis.sentinels) return new Redis({ ...single, host, port })
  return new Redis({
    ...single,
    sentinels: redis.sentinels,
    name: redis.sentinelName,
    sentinelRetryStrategy: pauseBeforeRetry,
    sentinelCommandTimeout: sentinelTimeoutMs,
    ...(access.tls && { sentinelTLS: access.tls, enableTLSForSentinelMode: true }),
  })
}

function optionsFor(role: RedisRole) {
  return {
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceMs[role],
    // A former master that has become a replica: connect again, which finds the new one, and repeat the command.
    reconnectOnError: (error: Error): 2 | false => (error.message.startsWith('READONLY') ? 2 : false),
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
function clusterOptionsFor(role: RedisRole) {
  return role === 'request'
    ? {
        maxRedirections: requestRedirections,
        retryDelayOnClusterDown: 0,
        clusterNodeRetryStrategy: (times: number) => (times === 1 ? pauseBeforeRetry(times) : null),
      }
    : { maxRedirections: Number.MAX_SAFE_INTEGER, retryDelayOnMoved: movedPauseMs }
}

function readUrl(text: string) {
  const url = new URL(text)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1)),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  }
}
