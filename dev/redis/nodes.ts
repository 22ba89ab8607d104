import { setTimeout as passed } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { builtRedis } from './build.ts'
import { keepRedis, type RedisServer } from './keep.ts'
import { redisProgram } from './program.ts'

/** Whether this machine has a server program: containers cannot reach one another by the addresses that we know them by. */
export const hasLocalRedis = (): boolean => localProgram() !== undefined

/** Starts one of several servers that know each other. */
export function startNode(settings: Record<string, string>, sentinel = false): Promise<RedisServer> {
  const program = localProgram()
  if (program === undefined) throw new Error('several Redis that know each other: expected redis-server on the PATH')
  return keepRedis({ way: 'local', program, settings, sentinel }, process.env)
}

function localProgram(): string | undefined {
  return redisProgram(process.env.PATH) ?? builtRedis(process.env)
}

/** Asks a server something on a connection of its own. */
export function asking<T>({ url }: RedisServer, ask: (redis: Redis) => Promise<T>): Promise<T> {
  return askingOver(new Redis(url), ask)
}

/** The same of a server that may have been killed or frozen: undefined when there is no answer within three seconds. */
export function askingBriefly<T>({ url }: RedisServer, ask: (redis: Redis) => Promise<T>): Promise<T | undefined> {
  return askingOver(new Redis(url, { commandTimeout: 3000, retryStrategy: () => null }), ask).catch(() => undefined)
}

async function askingOver<T>(redis: Redis, ask: (redis: Redis) => Promise<T>): Promise<T> {
  // what is wrong is told by the question
  redis.on('error', () => {})
  try {
    return await ask(redis)
  } finally {
    redis.disconnect()
  }
}

export function addressOf({ url }: RedisServer): [host: string, port: number] {
  const { hostname, port } = new URL(url)
  return [hostname, Number(port)]
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await passed(50)
}

export async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
}
