import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.ts'
import { isOldRedis, programVersion } from './version.ts'

/** Of the last series for which a C compiler is enough. */
const version = '7.2.15'

/** Goes with the installed packages. */
const ownFolder = fileURLToPath(new URL('../../node_modules/.cache/chatlane-redis', import.meta.url))

/** The folder that keeps what was built. */
function buildFolder(env: NodeJS.ProcessEnv): string {
  return env.REDISMS_DOWNLOAD_DIR || ownFolder
}

/** What a build does, for people. */
export function buildNotice(env: NodeJS.ProcessEnv): string {
  const source = env.REDISMS_DOWNLOAD_URL || env.REDISMS_DOWNLOAD_MIRROR || 'download.redis.io'
  return `building Redis ${version} from ${source} in ${buildFolder(env)}: takes a few minutes, once`
}

/** The program of an earlier build, if it is there and runs. */
export function builtRedis(env: NodeJS.ProcessEnv): string | undefined {
  const program = programIn(buildFolder(env))
  const found = programVersion(program)
  return found === undefined || isOldRedis(found) ? undefined : program
}

/** What this machine lacks for a build; undefined when it has all. */
export async function missingForBuild(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const works = async (program: string, ...words: string[]) => (await run(program, words, env)) === undefined
  // Without Xcode's command line tools, macOS has a make and a cc that open a window.
  if (process.platform === 'darwin' && !(await works('xcode-select', '-p'))) return 'no command line tools of Xcode'
  if (!(await works('make', '--version'))) return 'no make'
  const probe = fileURLToPath(new URL('./probe.c', import.meta.url))
  if (!(await works('cc', '-fsyntax-only', probe))) return 'no C compiler (cc) with its headers'
  return undefined
}

/**
 * Downloads Redis' sources and compiles them, in a process of its own: the package that does it writes to the outputs, and waits
 * for ever. However this process ends, nothing but the program stays.
 * @returns the program
 * @throws Error in one line with what failed
 */
export async function buildRedis(env: NodeJS.ProcessEnv): Promise<string> {
  const program = programIn(buildFolder(env))
  const builder = fork(fileURLToPath(new URL('./builder.ts', import.meta.url)), [version, program], {
    // A group of its own: make and its compilers end with it.
    detached: true,
    env: {
      MAKEFLAGS: `-j${availableParallelism()}`,
      ...env,
      // Compilers say in English what failed.
      LC_ALL: 'C',
      // Otherwise the package takes any certificate.
      npm_config_strict_ssl: 'true',
      REDISMS_SYSTEM_BINARY: undefined,
    },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  builder.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code, signal] = await once(builder, 'close')
  if (code !== 0) throw new Error(said.trim().split('\n').at(-1) || `the build ended with ${signal ?? code}`)
  return program
}

function programIn(folder: string): string {
  return join(folder, `redis-server-${version}`)
}
