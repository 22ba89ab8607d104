/** Runs one process from built code, in this very process, so that signals reach it: `start.ts api|worker|sandbox`. */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from './build/build.ts'

const folders: Record<string, string> = { api: 'apps/api', worker: 'apps/worker', sandbox: 'packages/sandbox' }
const name = process.argv[2] ?? ''
const folder = folders[name]
if (folder === undefined) {
  console.error(`start: expected one of ${Object.keys(folders).join(', ')}, got "${name}"`)
  process.exit(64)
}
const problem = await build(folder)
if (problem !== undefined) {
  console.error(problem)
  process.exit(1)
}
// A good part of a start is compiling: the next one need not.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)))
await import(new URL(`../${folder}/dist/main.js`, import.meta.url).href)
flushCompileCache()
