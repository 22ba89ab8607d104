import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { twilioCodes } from '../packages/core/src/channels/twilio/codes.ts'
import { differences, type Titles, TWILIO_LIST, titlesOf, withoutRule } from './twilio-codes/compare.ts'

/** `pnpm twilio-codes [file]`: takes over Twilio's list of error codes and says which of them have no rule. */
const kept = fileURLToPath(new URL('../packages/core/src/channels/twilio/code-titles.json', import.meta.url))
const [file] = process.argv.slice(2)
const text = file === undefined ? await (await fetch(TWILIO_LIST)).text() : readFileSync(file, 'utf8')
const before: Titles = JSON.parse(readFileSync(kept, 'utf8'))
// A code that Twilio no longer lists may still come.
const after: Titles = { ...before, ...titlesOf(text) }
for (const line of differences(before, after)) console.log(line)
writeFileSync(kept, `${JSON.stringify(after, null, 2)}\n`)
const missing = withoutRule(after, twilioCodes)
for (const code of missing)
  console.log(`${code}  has no rule in packages/core/src/channels/twilio/codes-of-*.ts: ${after[code]}`)
process.exitCode = missing.length === 0 ? 0 : 1
