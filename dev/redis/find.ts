import { buildNotice, buildRedis, builtRedis, missingForBuild } from './build.ts'
import { engineAnswers } from './engine.ts'
import type { FoundRedis } from './found-redis.ts'
import { givenRedis } from './given.ts'
import { keepRedis, type RedisServer } from './keep.ts'
import { NoRedis } from './no-redis.ts'
import { canInstallPackage, installPackage } from './package.ts'
import { lookForRedis } from './program.ts'

const ways = ['url', 'local', 'container', 'package', 'build'] as const
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
 * The Redis for demo, dev and tests: REDIS_URL, a server program on the PATH, a container, the distribution's package, a build
 * from Redis' sources; CHATLANE_REDIS=url|local|container|package|build allows one of them only. What was built before comes right
 * behind the PATH. What it starts ends with this process, however this process ends.
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
export async function startRedis(options: StartOptions): Promise<RedisServer> {
  const { purpose, log, env = process.env, settings = {} } = options
  const forced = onlyWay(env)
  const only = forced === 'url' ? undefined : forced
  const run = (program: string) => keepRedis({ way: 'local', program, settings }, env)
  const announce = (line: string) => log(`Redis for ${purpose}: ${line}`)
  const tried: string[] = []

  if (allows(only, 'local')) {
    const { program, why } = lookForRedis(env.PATH)
    if (program) return run(program)
    tried.push(why)
  }
  if (allows(only, 'build')) {
    const program = builtRedis(env)
    if (program) return run(program)
  }
  if (allows(only, 'container')) {
    if (await engineAnswers(env)) {
      announce('starting a container (the first time downloads its image)')
      try {
        return await keepRedis({ way: 'container', settings }, env)
      } catch (error) {
        tried.push(`a Docker engine answers, but ${messageOf(error)}`)
      }
    } else tried.push('no Docker engine answers')
  }
  if (allows(only, 'package')) {
    if (await canInstallPackage(env)) {
      announce("installing this system's package now: apt-get install redis-server")
      const failure = await installPackage(env)
      const { program, why } = lookForRedis(env.PATH)
      if (program) return run(program)
      tried.push(`apt-get install redis-server: ${failure ?? why}`)
    } else tried.push('not a Debian or Ubuntu on which this user may install packages')
  }
  if (allows(only, 'build')) {
    const missing = await missingForBuild(env)
    if (missing === undefined) {
      announce(buildNotice(env))
      try {
        return await run(await buildRedis(env))
      } catch (error) {
        tried.push(`building Redis: ${messageOf(error)}`)
      }
    } else tried.push(`${missing} to build one`)
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
