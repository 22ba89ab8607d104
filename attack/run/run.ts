import { randomBytes } from 'node:crypto'
import { createWriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { makeStack, type Stack, startRedisServer } from '@chatlane/dev'
import { stablePort } from '../../chaos/run/ports.ts'
import { Attacker } from '../attacker/attacker.ts'
import type { Noticed } from '../others/measured.ts'
import { Others } from '../others/others.ts'
import type { Row, Side } from '../row.ts'
import { routesFile } from './routes.ts'

export interface RunOptions {
  seed: number
  rows: readonly Row[]
  /** How long others are watched beside each side in each of three rounds. */
  seconds: number
  /** False: nothing is measured beside somebody harmless. */
  compare: boolean
  /** For the routes file, and what the processes write. */
  folder: string
  say: (line: string) => void
  /** Takes what ends each part, as soon as there is something to end. */
  undo: (step: () => Promise<void>) => void
}

/** What came of a row. */
export interface Outcome {
  row: Row
  /** What others noticed beside each, round by round. */
  noticed: Record<Side, Noticed[]>
  /** What the attacker got that it must not get. */
  through: string[]
}

/** Both sides alternate, so that what else the machine does falls on both. */
const ROUNDS: readonly Side[] = ['harmless', 'attack', 'attack', 'harmless', 'harmless', 'attack']

/** Until a side is at full strength, and until what it left behind is done with. */
const SETTLING_MS = 500

/** Where nothing is compared. */
const SHORT_SETTLING_MS = 200

/** Runs the rows one after the other against one api and one worker. */
export async function run(options: RunOptions): Promise<Outcome[]> {
  const { seed, seconds, compare, undo, say } = options
  const receiverPort = await stablePort()
  const apiKey = randomBytes(32).toString('hex')
  const stack = await start(options, { API_KEYS: apiKey, ...webhooksTo(receiverPort) })
  const { apiUrl, sandboxUrl } = stack
  say(`api ${apiUrl}, sandbox ${sandboxUrl}`)
  const attacker = await Attacker.start({ apiUrl, sandboxUrl, apiKey, seed, receiverPort })
  undo(() => attacker.stop())
  const settlingMs = compare ? SETTLING_MS : SHORT_SETTLING_MS
  const outcomes: Outcome[] = []
  for (const [place, row] of options.rows.entries()) {
    say(`${place + 1}/${options.rows.length} ${row.name}`)
    await attacker.prepare(row.name)
    const others = await Others.gather(apiUrl, apiKey, stack.sandbox, place + 1)
    const noticed: Record<Side, Noticed[]> = { attack: [], harmless: [] }
    const through: string[] = []
    // The first time that something is done it takes longer, whoever is beside it.
    await others.notice(settlingMs)
    for (const side of compare ? ROUNDS : (['attack'] as const)) {
      await attacker.begin(side)
      await passed(settlingMs)
      noticed[side].push(await others.notice(seconds * 1_000))
      const got = await attacker.end()
      if (side === 'attack') through.push(...got)
      await passed(settlingMs)
    }
    await others.leave()
    await stack.sandbox.clearFaults()
    outcomes.push({ row, noticed, through: [...new Set(through)] })
  }
  return outcomes
}

async function start({ folder, undo }: RunOptions, own: Record<string, string>): Promise<Stack> {
  const redis = await startRedisServer()
  undo(() => redis.stop())
  const routes = join(folder, 'routes.json')
  writeFileSync(routes, routesFile())
  const log = createWriteStream(join(folder, 'processes.log'))
  const stack = await makeStack({
    redisUrl: redis.url,
    settings: {
      LOG_LEVEL: 'warn',
      CHATLANE_CONFIG: routes,
      SESSION_SECRET: randomBytes(32).toString('hex'),
      // Everybody comes from this machine: their addresses are in a header, as behind a proxy.
      API_TRUST_PROXY: '1',
      ...own,
    },
    onLine: (service, line) => log.write(`${service}: ${line}\n`),
  })
  undo(() => stack.stop())
  await stack.start('sandbox', 'sandbox')
  await Promise.all([stack.start('api', 'api'), stack.start('worker', 'worker')])
  return stack
}

const webhooksTo = (port: number) => ({
  WEBHOOK_URL: `http://127.0.0.1:${port}/`,
  WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
})
