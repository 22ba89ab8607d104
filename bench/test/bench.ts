import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const numbers = z.union([z.number(), z.record(z.string(), z.number())])
const row = z.object({
  n: z.number(),
  name: z.string(),
  value: z.number().positive(),
  unit: z.string(),
  against: z.record(z.string(), z.number().positive()),
  ratio: numbers,
  reach: numbers,
  met: z.boolean(),
})

/** Runs the benchmark's command line. Rejects when it ends with another exit code than 0. */
export async function bench(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=chatlane-source', main, ...words])
  return stdout
}

/** One tiny round of some rows: what its last line says of them. */
export async function benchRows(list: string, size: string) {
  const stdout = await bench('--json', '--rows', list, '--rounds', '1', '--size', size)
  return z.object({ rows: z.array(row) }).parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).rows
}
