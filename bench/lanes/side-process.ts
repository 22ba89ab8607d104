/** A measuring process: one side, once. */
import { Redis } from 'ioredis'
import { redisCost } from '../redis/cost.ts'
import { type Promised, Witness } from '../witness.ts'
import { type Measurement, type Reply, type SideName, type Task, taskSchema } from './measurement.ts'
import type { Settings } from './settings.ts'
import { openGroupmq, openGroupmqBatching } from './sides/groupmq.ts'
import { openLanes } from './sides/lanes.ts'
import { openLocking } from './sides/locking.ts'
import { openPlain } from './sides/plain.ts'
import type { Side } from './sides/side.ts'

const sides = {
  lanes: openLanes,
  plain: openPlain,
  locking: openLocking,
  groupmq: openGroupmq,
  groupmqBatching: openGroupmqBatching,
}
const promised: Record<SideName, Promised> = {
  lanes: 'order',
  plain: 'nothing',
  locking: 'one at a time',
  groupmq: 'order',
  groupmqBatching: 'order',
}
/** No message for so long: the side has lost some. */
const patienceMs = 20_000

async function measure({ side: name, redisUrl, settings }: Task): Promise<Reply> {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null })
  const asking = new Redis(redisUrl)
  const { messages, keys, warmUp } = settings
  const witness = new Witness(warmUp + messages, keys, promised[name])
  const side = await sides[name](redis, { settings, handle: (text) => witness.handle(text), onError: fail })
  const watch = watchdog(name, witness)

  await run(side, witness, settings, 0, warmUp)
  const costBefore = await redisCost(asking)
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  await run(side, witness, settings, warmUp, warmUp + messages)
  const seconds = (performance.now() - start) / 1_000
  const cpu = process.cpuUsage(cpuBefore)
  const cost = await redisCost(asking)

  clearInterval(watch)
  await side.close()
  const wrong = witness.verdict()
  if (wrong !== undefined) return { wrong }
  const measured: Measurement = {
    perSecond: messages / seconds,
    nodeMicros: (cpu.user + cpu.system) / messages,
    redisMicros: (cost.micros - costBefore.micros) / messages,
    commands: (cost.commands - costBefore.commands) / messages,
    reads: (cost.reads - costBefore.reads) / messages,
  }
  return { measured }
}

/** Adds the messages from one index up to another one, and waits until all are stored and handled. */
async function run(side: Side, witness: Witness, settings: Settings, from: number, to: number): Promise<void> {
  const filler = '.'.repeat(settings.payload - 8)
  let next = from
  const add = async () => {
    while (next < to) {
      const index = next++
      await side.add(`key-${index % settings.keys}`, String(index).padStart(8, '0') + filler)
    }
  }
  await Promise.all([witness.reached(to), ...Array.from({ length: settings.adding }, add)])
}

function watchdog(name: SideName, witness: Witness): NodeJS.Timeout {
  let before = -1
  return setInterval(() => {
    if (witness.handled === before) fail(`${name} stopped after ${before} messages`)
    before = witness.handled
  }, patienceMs)
}

/** A side that reports an error is not measured: what it did instead of working is not known. */
function fail(error: unknown): never {
  console.error(error)
  process.exit(1)
}

process.once('disconnect', () => process.exit())
const reply = await measure(taskSchema.parse(JSON.parse(process.argv[2] ?? 'null')))
process.send?.(reply, () => process.exit())
