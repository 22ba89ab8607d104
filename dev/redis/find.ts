import { engineAnswers } from './engine.ts'
import type { FoundRedis } from './found-redis.ts'
import { givenRedis } from './given.ts'
import { keepRedis, type RedisServer } from './keep.ts'
import { NoRedis } from './no-redis.ts'
import { canInstallPackage, installPackage } from './package.ts'
import { lookForRedis } from './program.ts'

const ways = ['url', 'local', 'container', 'package'] as const
type Way = (typeof ways)[number]

export interface FindOptions {
  /** What the Redis is for, as it reads in a sentence: `the tests`. */
  purpose: string
  /** Takes one line at a time; it belongs on stderr. */
  log: (line: string) => void
  env?: NodeJS.ProcessEnv
}

export interface StartOptions extends FindOptions {
  /** Settings, on top of the finder's own, of a Redis that is started; by their names in redis.conf. */
  settings?: Record<string, string>
}

/**
 * The Redis for demo, dev and tests: REDIS_URL, a server program on the PATH, a container, the distribution's package;
 * CHATLANE_REDIS=url|local|container|package allows one of them only. What it starts ends with this process, however
 * this process ends.
 *
 * @throws NoRedis with what to do, when there is none and none can be started
 */
export async function findRedis(options: StartOptions): Promise<FoundRedis> {
  const env = options.env ?? process.env
  const only = onlyWay(env)
  if (allows(only, 'url') && env.REDIS_URL) return givenRedis(env.REDIS_URL)
  if (only === 'url') throw new Error('CHATLANE_REDIS=url: expected REDIS_URL to be set to redis://… or rediss://…')
  return startRedis(options)
}

/** Starts a Redis of one's own, whether REDIS_URL is set or not; otherwise as findRedis. */
export async function startRedis({
  purpose,
  log,
  env = process.env,
  settings = {},
}: StartOptions): Promise<RedisServer> {
  const forced = onlyWay(env)
  const only = forced === 'url' ? undefined : forced
  const tried: string[] = []

  if (allows(only, 'local')) {
    const { program, why } = lookForRedis(env.PATH)
    if (program) return keepRedis({ way: 'local', program, settings }, env)
    tried.push(why)
  }
  if (allows(only, 'container')) {
    if (await engineAnswers(env)) {
      log(`Redis for ${purpose}: starting a container (the first time downloads its image)`)
      try {
        return await keepRedis({ way: 'container', settings }, env)
      } catch (error) {
        tried.push(`a Docker engine answers, but ${messageOf(error)}`)
      }
    } else tried.push('no Docker engine answers')
  }
  if (allows(only, 'package')) {
    if (await canInstallPackage(env)) {
      for (const reason of tried) log(reason)
      log(`Redis for ${purpose}: installing this system's package now: apt-get install redis-server`)
      const failure = await installPackage(env)
      const { program, why } = lookForRedis(env.PATH)
      if (program) return keepRedis({ way: 'local', program, settings }, env)
      tried.push(`apt-get install redis-server: ${failure ?? why}`)
    } else tried.push('not a Debian or Ubuntu on which this user may install packages')
  }
  throw new NoRedis(purpose, tried)
}

function allows(only: Way | undefined, way: Way): boolean {
  return only === undefined || only === way
}

function onlyWay(env: NodeJS.ProcessEnv): Way | undefined {
  const name = env.CHATLANE_REDIS
  if (!name) return undefined
  const way = ways.find((candidate) => candidate === name)
  if (!way) throw new Error(`CHATLANE_REDIS: expected one of ${ways.join(', ')}, got "${name}"`)
  return way
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
