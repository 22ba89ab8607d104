import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from './lock.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const compiler = join(root, 'node_modules/typescript/bin/tsc')

/**
 * Builds a package and what it needs, as far as sources changed; the compiler's words go to stderr. Where no compiler is
 * installed, what was built before is taken as it is.
 * @param folder from the top of the project: `apps/worker`
 * @returns why there is nothing to run, or undefined
 */
export async function build(folder: string): Promise<string | undefined> {
  const program = join(root, folder, 'dist/main.js')
  if (existsSync(compiler)) {
    // Several processes are often started at once.
    const code = await withLock(join(root, 'node_modules/.chatlane-build'), () => compile(folder, !existsSync(program)))
    if (code !== 0) return `${folder}: the build failed`
  }
  return existsSync(program) ? undefined : `${folder}: not built; run npx -y pnpm@10 build`
}

/** @param all the compiler goes by its own notes, which know nothing of results that were deleted */
async function compile(folder: string, all: boolean): Promise<number> {
  const words = [compiler, '-b', folder, ...(all ? ['--force'] : [])]
  const running = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 2, 2] })
  const [code] = await once(running, 'exit')
  return typeof code === 'number' ? code : 1
}
