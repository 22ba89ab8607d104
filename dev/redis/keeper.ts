/** The process that keeps one Redis for another process, and ends it when that process goes away. */
import { containerRedis } from './container.ts'
import { type KeeperCommand, type KeeperReply, keeperCommand, keeperRequest } from './keeper-messages.ts'
import { localRedis } from './local.ts'

const request = keeperRequest.parse(JSON.parse(process.argv[2] ?? 'null'))
const server =
  request.way === 'local'
    ? localRedis(request.program, request.settings, request.sentinel)
    : containerRedis(request.settings)

// One after the other: what was begun is finished before it is undone.
let last = Promise.resolve()
const next = (step: () => Promise<void>) => {
  last = last.then(step)
}

const obey = (command: KeeperCommand) =>
  next(async () => {
    try {
      await server[command]()
      answer({ done: true, url: server.url(), how: server.how() })
    } catch (error) {
      answer({ done: false, why: error instanceof Error ? error.message : String(error) })
    }
  })

const answer = (reply: KeeperReply) => {
  if (process.connected) process.send?.(reply, undefined, undefined, () => {})
}

const end = () =>
  next(async () => {
    await server.stop().catch((error: unknown) => {
      console.error(`Redis left something behind: ${error instanceof Error ? error.message : error}`)
      process.exitCode = 1
    })
    process.exit()
  })

/** For the one that started it is gone: a command that hangs must not keep Redis, and this process, for ever. */
const longestEndMs = 10_000

process.on('message', (message) => obey(keeperCommand.parse(message)))
process.once('disconnect', () => {
  end()
  setTimeout(() => void server.stop().finally(() => process.exit(1)), longestEndMs).unref()
})
process.once('SIGTERM', end)
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
process.once('uncaughtException', (error) => {
  console.error(error)
  process.exitCode = 1
  end()
})

obey('start')
