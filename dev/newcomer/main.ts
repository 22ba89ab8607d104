/**
 * `pnpm newcomer`: the first commands on fresh clones of what is committed here, in the surroundings that newcomers have; exit
 * code, words, no warnings, and that nothing stays behind. `--fast` for the short part.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../temporary-folder.ts'
import { type Surrounding, surroundings } from './rows.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const patienceMs = 15 * 60_000
/** Of npm and pnpm; the processes write theirs in another form. */
const warnings = /^(?: ?WARN |npm warn |╭ Warning ).*$/gm

const place = temporaryFolder('chatlane-newcomer-')
const caches = { npm_config_cache: join(place, 'npm'), XDG_DATA_HOME: join(place, 'data') }
let failed = 0
try {
  for (const row of surroundings.filter(({ fast }) => fast || !process.argv.includes('--fast'))) {
    const problems = await tryOut(row)
    if (problems.length > 0) failed++
    console.log([`${problems.length === 0 ? '✔' : '✖'} ${row.name}`, ...problems].join('\n    '))
  }
} finally {
  rmSync(place, { recursive: true, force: true })
}
console.log(failed === 0 ? 'Every surrounding works.' : `${failed} do not work.`)
process.exitCode = failed === 0 ? 0 : 1

/** What is not as it has to be. */
async function tryOut(row: Surrounding): Promise<string[]> {
  const folder = join(place, 'row')
  const [clone, home, tmp, bin] = ['clone', 'home', 'tmp', 'bin'].map((name) => join(folder, name))
  if (!clone || !home || !tmp || !bin) throw new Error('expected four folders')
  for (const made of [home, tmp, bin]) mkdirSync(made, { recursive: true })
  writeFileSync(join(home, '.npmrc'), (row.npmrc ?? []).map((line) => `${line}\n`).join(''))
  if (row.redisServer)
    writeFileSync(join(bin, 'redis-server'), `#!/bin/sh\necho '${row.redisServer}'\n`, { mode: 0o755 })
  try {
    await run('git', ['clone', '--quiet', root, clone], root, process.env)
    const path = process.env.PATH ?? ''
    // What pnpm puts there for this command is not the newcomer's; a Redis that is too old is the only one.
    const theirs = path.split(':').filter((dir) => !dir.startsWith(root) && !(row.redisServer && holdsRedis(dir)))
    const links = row.redisServer ? await linksTo(path.split(':').filter(holdsRedis), join(folder, 'links')) : []
    const env = { ...certificates(), ...caches, HOME: home, TMPDIR: tmp, PATH: [bin, ...links, ...theirs].join(':') }
    const { code, output } = await run('sh', ['-c', row.command], clone, { ...env, ...row.env })
    const left = readdirSync(tmp).filter((name) => name.startsWith('chatlane-'))
    return [
      ...(code === row.code ? [] : [`exit code ${code}, expected ${row.code}`]),
      ...(row.says.test(output)
        ? []
        : [`expected ${row.says}, got: ${output.trim().split('\n').slice(-8).join('\n    ')}`]),
      ...(/\n\s+at \S+ \(/.test(output) ? ['a stack trace'] : []),
      // With settings of their own, npm has something to say of them.
      ...(row.code === 0 && !row.npmrc ? (output.match(warnings) ?? []) : []),
      ...(left.length === 0 ? [] : [`stays behind: ${left.join(', ')}`]),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function holdsRedis(dir: string): boolean {
  return list(dir).some((name) => /^(redis|valkey)-server$/.test(name))
}

/** A folder that has what these folders have, without a Redis. */
async function linksTo(dirs: string[], folder: string): Promise<string[]> {
  mkdirSync(folder)
  for (const dir of dirs) {
    const script =
      'for file in "$1"/*; do case $file in *redis-*|*valkey-*) ;; *) ln -s "$file" "$2" 2>/dev/null;; esac; done; true'
    await run('sh', ['-c', script, 'sh', dir, folder], folder, process.env)
  }
  return [folder]
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** A registry behind a certificate of one's own, and the language. */
function certificates(): NodeJS.ProcessEnv {
  const names = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'npm_config_cafile', 'npm_config_registry', 'LANG']
  return Object.fromEntries(names.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined))
}

async function run(program: string, words: string[], cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn(program, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: patienceMs })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const [code] = await once(child, 'close')
  return { code: Number(code ?? 1), output }
}
