import { cpus, totalmem } from 'node:os'
import bullmq from 'bullmq/package.json' with { type: 'json' }
import groupmq from 'groupmq/package.json' with { type: 'json' }
import { Redis } from 'ioredis'

/** What the figures were measured on, line by line. */
export async function machine(redisUrl: string): Promise<string[]> {
  const cores = cpus()
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  const model = (cores[0]?.model ?? 'unknown CPU').trim()
  const redis = await redisVersion(redisUrl)
  return [
    `machine: ${cores.length} cores, ${model}, ${gigabytes} GB`,
    `versions: Node.js ${process.versions.node}, ${redis}, BullMQ ${bullmq.version}, GroupMQ ${groupmq.version}`,
  ]
}

async function redisVersion(redisUrl: string): Promise<string> {
  const redis = new Redis(redisUrl)
  const info = await redis.info('server')
  await redis.quit()
  // Valkey tells its own version besides the Redis version it is compatible with
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1]
  if (valkey !== undefined) return `Valkey ${valkey}`
  return `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1] ?? 'of unknown version'}`
}
