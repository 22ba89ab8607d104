import type { Redis } from 'ioredis'
import { field } from './info.ts'

export interface RedisCost {
  /** CPU time since Redis was started, user and system, microseconds. */
  micros: number
  commands: number
  reads: number
}

/** What Redis spent so far, by its own count. */
export async function redisCost(redis: Redis): Promise<RedisCost> {
  const stats = await redis.info('stats')
  const commands = await redis.info('commandstats')
  const cpu = await redis.info('cpu')
  return {
    micros: (field(cpu, 'used_cpu_user') + field(cpu, 'used_cpu_sys')) * 1e6,
    commands: [...commands.matchAll(/calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0),
    reads: field(stats, 'total_reads_processed'),
  }
}
