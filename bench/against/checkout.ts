import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const here = fileURLToPath(new URL('../../', import.meta.url))
const runFile = promisify(execFile)

/** A commit of this repository in a folder of its own, installed and built. */
export interface Checkout {
  /** Short, as git abbreviates it. */
  commit: string
  root: string
  remove(): Promise<void>
}

/** @throws Error in one line when there is no such commit, or when it cannot be installed or built */
export async function checkOut(name: string): Promise<Checkout> {
  const known = run('git', ['rev-parse', '--verify', '--short', `${name}^{commit}`], here)
  const commit = (
    await known.catch(() => {
      throw new Error(`--against: expected a commit of this repository, got "${name}"`)
    })
  ).trim()
  const root = join(mkdtempSync(join(tmpdir(), 'chatlane-bench-')), commit)
  const remove = async () => {
    await run('git', ['worktree', 'remove', '--force', root], here)
    rmSync(join(root, '..'), { recursive: true, force: true })
  }
  await run('git', ['worktree', 'add', '--detach', root, commit], here)
  try {
    const install = ['install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts']
    await run('npx', ['-y', 'pnpm@10', ...install], root)
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'apps/api', 'apps/worker'], root)
  } catch (error) {
    await remove()
    throw error
  }
  return { commit, root, remove }
}

async function run(program: string, words: string[], cwd: string): Promise<string> {
  try {
    return (await runFile(program, words, { cwd, env: { ...process.env, CI: 'true' }, maxBuffer: 1 << 26 })).stdout
  } catch (error) {
    const { stderr = '', stdout = '' } = error instanceof Error && 'stderr' in error ? said(error) : {}
    const last = `${stdout}\n${stderr}`.trim().split('\n').at(-1) || String(error)
    throw new Error(`${program} ${words.slice(0, 3).join(' ')}: ${last}`)
  }
}

function said(error: Error): { stdout: string; stderr: string } {
  const text = (name: string) => String(Reflect.get(error, name) ?? '')
  return { stdout: text('stdout'), stderr: text('stderr') }
}
