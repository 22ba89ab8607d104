import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FoundRedis } from './found-redis.ts'
import { type KeeperCommand, type KeeperRequest, keeperReply } from './keeper-messages.ts'

/** A Redis of one's own, which can be broken and mended. Its url stays the same throughout. */
export interface RedisServer extends FoundRedis {
  /** Ends the server at once, as `kill -9` does; its append-only file stays. */
  kill(): Promise<void>
  /** Starts it again after kill(), on the same port and files. */
  start(): Promise<void>
  /** Stops it in its tracks, as `kill -STOP` does: it takes connections and answers nothing. */
  freeze(): Promise<void>
  /** Lets it go on after freeze(). */
  thaw(): Promise<void>
}

/**
 * Starts a Redis below a process of its own, the keeper, which ends it when this process closes the channel between
 * the two or dies, even by SIGKILL. The keeper has its own session, so a Ctrl-C leaves the Redis there for the
 * shutdown of whoever uses it.
 */
export async function keepRedis(request: KeeperRequest, env: NodeJS.ProcessEnv): Promise<RedisServer> {
  const keeper = fork(fileURLToPath(new URL('./keeper.ts', import.meta.url)), [JSON.stringify(request)], {
    detached: true,
    env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const order = async (command: KeeperCommand) => {
    const answer = reply(keeper)
    keeper.send(command)
    await answer
  }
  try {
    const { url, how } = await reply(keeper)
    return {
      url,
      how,
      own: true,
      kill: () => order('kill'),
      start: () => order('start'),
      freeze: () => order('freeze'),
      thaw: () => order('thaw'),
      stop: () => release(keeper),
    }
  } catch (error) {
    await release(keeper)
    throw error
  }
}

async function release(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return
  keeper.ref()
  const ended = once(keeper, 'exit')
  if (keeper.connected) keeper.disconnect()
  await ended
}

/** The keeper holds up this process's end only while an answer is awaited. */
async function reply(keeper: ChildProcess): Promise<{ url: string; how: string }> {
  keeper.ref()
  keeper.channel?.ref()
  const settled = new AbortController()
  try {
    const message = await Promise.race([
      once(keeper, 'message', { signal: settled.signal }).then(([value]) => keeperReply.parse(value)),
      once(keeper, 'exit', { signal: settled.signal }).then(([code, signal]) => {
        throw new Error(`the process that keeps Redis ended (${signal ?? `exit code ${code}`})`)
      }),
    ])
    if (!message.done) throw new Error(message.why)
    return message
  } finally {
    settled.abort()
    keeper.channel?.unref()
    keeper.unref()
  }
}
