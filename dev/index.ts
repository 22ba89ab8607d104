export { type AlteredRedis, redisOfVersion } from './redis/altered.ts'
export { type ClusterOptions, type RedisCluster, startRedisCluster } from './redis/cluster.ts'
export { type FindOptions, findRedis } from './redis/find.ts'
export type { FoundRedis } from './redis/found-redis.ts'
export { freePort } from './redis/free-port.ts'
export type { RedisServer } from './redis/keep.ts'
export { NoRedis } from './redis/no-redis.ts'
export { hasLocalRedis } from './redis/nodes.ts'
export { type LossyProxy, lossyProxy } from './redis/proxy.ts'
export {
  type ReplicatedRedis,
  type SentinelRedis,
  startReplicatedRedis,
  startSentinelRedis,
} from './redis/replicated.ts'
export { readSamples, revealing, scrape, total } from './scrape.ts'
export { devApiKey } from './stack/environment.ts'
export { makeStack, type Stack } from './stack/stack.ts'
export { spawnProgram, type TestProcess } from './test-process.ts'
export {
  connectTestRedis,
  freshPrefix,
  keysLike,
  startRedisServer,
  testRedisEnvironment,
  testRedisUrl,
} from './test-redis.ts'
