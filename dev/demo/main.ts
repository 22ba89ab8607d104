/** `pnpm demo`: the main job for real, on this machine; exit code 0 only if everything it promises happened. */
import { readdirSync, rmSync } from 'node:fs'
import { onEnd } from '../on-end.ts'
import { fullTemporaryPlace, temporaryFolder } from '../temporary-folder.ts'
import { paragraph, print, styled } from '../terminal.ts'
import { Undo } from '../undo.ts'
import { Journal } from './journal.ts'
import { tell } from './screen.ts'
import { setUp } from './set-up.ts'
import { play } from './story.ts'
import { drawTable } from './table.ts'
import { drawTimeline } from './timeline.ts'
import { Upstream } from './upstream.ts'
import { findings, isKept } from './verdict.ts'

const began = Date.now()
/** Whether what the processes wrote is of use to somebody, and where it is then. */
let keepsLogs = false
let logs: string | undefined
const undo = new Undo((problem) => paragraph(problem, 'red'))

let stopping = false
onEnd((signal) => {
  stopping = true
  if (signal) print(styled('red', `${signal}: stopped before the end`))
  void undo.run().finally(() => process.exit(signal ? 130 : 1))
})

paragraph('Chatlane: web and SMS conversations to UponAI’s agents, each in its own lane', 'bold')
paragraph('UponAI and Twilio are played by the sandbox on this machine; everything else is the real thing.', 'dim')
print()
const broken = await run().catch((error: unknown) => [`The demo could not go on: ${messageOf(error)}`])
if (stopping) await new Promise(() => {})
// Looked at while its files are still there: it explains everything else, and leaves no room for logs.
const full = broken.length > 0 ? fullTemporaryPlace() : undefined
keepsLogs = broken.length > 0 && full === undefined
await undo.run()
print()
if (broken.length === 0)
  paragraph(`All that was promised happened, in ${seconds()} s. Nothing is left running.`, 'green')
else {
  for (const what of full ? [full] : broken) paragraph(what, 'red')
  if (logs) print(`What the processes wrote is in ${logs}`)
  process.exitCode = 1
}

/** Returns what was promised and did not happen. */
async function run(): Promise<string[]> {
  const folder = temporaryFolder('chatlane-demo-')
  undo.add(() => {
    if (!keepsLogs || !holdsLogs(folder)) rmSync(folder, { recursive: true, force: true })
    else logs = folder
  })
  const { stack, firstWorker } = await setUp(folder, undo)
  const journal = new Journal(tell)
  const upstream = new Upstream(stack.sandbox, journal)
  const broken: string[] = []
  await play(stack, firstWorker, journal).catch((error: unknown) => broken.push(`Did not happen: ${messageOf(error)}`))
  if (stopping) await new Promise(() => {})
  await upstream.stop()
  journal.close()
  const counted = await findings(stack.sandbox, journal)
  drawTimeline(journal.happenings)
  drawTable(counted)
  for (const { what, expected, found } of counted.filter((it) => !isKept(it)))
    broken.push(`Did not happen: ${what}: expected ${expected}, found ${found}`)
  return broken
}

function holdsLogs(folder: string): boolean {
  return readdirSync(folder).some((file) => file.endsWith('.log'))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function seconds(): string {
  return ((Date.now() - began) / 1000).toFixed(0)
}
