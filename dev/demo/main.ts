/** `pnpm demo`: the main job for real, on this machine; exit code 0 only if everything it promises happened. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Journal } from './journal.ts'
import { print, styled, tell } from './screen.ts'
import { setUp, Undo } from './set-up.ts'
import { play } from './story.ts'
import { drawTable } from './table.ts'
import { drawTimeline } from './timeline.ts'
import { Upstream } from './upstream.ts'
import { findings, isKept } from './verdict.ts'

const began = Date.now()
const folder = mkdtempSync(join(tmpdir(), 'chatlane-demo-'))
const undo = new Undo()

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // A Ctrl-C comes twice: from the terminal, and handed on by pnpm.
    if (stopping) return
    stopping = true
    print(styled('red', `${signal}: stopped before the end`))
    void undo.run().finally(() => {
      rmSync(folder, { recursive: true, force: true })
      process.exit(130)
    })
  })
}

print(styled('bold', 'Chatlane: web and SMS conversations to UponAI’s agents, each in its own lane'))
print(styled('dim', 'UponAI and Twilio are played by the sandbox on this machine; everything else is the real thing.'))
print()
const broken = await run().catch((error: unknown) => [messageOf(error)])
if (stopping) await new Promise(() => {})
await undo.run()
print()
if (broken.length === 0) {
  rmSync(folder, { recursive: true, force: true })
  print(styled('green', `All that was promised happened, in ${seconds()} s. Nothing is left running.`))
} else {
  for (const what of broken) print(styled('red', `Did not happen: ${what}`))
  print(`What the processes wrote is in ${folder}`)
  process.exitCode = 1
}

/** Returns what was promised and did not happen. */
async function run(): Promise<string[]> {
  const { stack, firstWorker } = await setUp(folder, undo)
  const journal = new Journal(tell)
  const upstream = new Upstream(stack.sandbox, journal)
  const broken: string[] = []
  await play(stack, firstWorker, journal).catch((error: unknown) => broken.push(messageOf(error)))
  if (stopping) await new Promise(() => {})
  await upstream.stop()
  journal.close()
  const counted = await findings(stack.sandbox, journal)
  drawTimeline(journal.happenings)
  drawTable(counted)
  for (const { what, expected, found } of counted.filter((it) => !isKept(it)))
    broken.push(`${what}: expected ${expected}, found ${found}`)
  return broken
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function seconds(): string {
  return ((Date.now() - began) / 1000).toFixed(0)
}
