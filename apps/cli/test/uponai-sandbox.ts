import { type Sandbox, type SandboxClient, sandboxClient, sandboxCredentials, startSandbox } from '@chatlane/sandbox'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { chatlane, type Ended } from './chatlane.ts'

/** A sandbox for the tests of one file, and the command line that talks to it in one dialect; Redis is nowhere. */
export function useUponAI(dialect: 'rest' | 'rpc') {
  let sandbox: Sandbox
  let control: SandboxClient
  beforeAll(async () => {
    sandbox = await startSandbox({ port: 0 })
    control = sandboxClient(sandbox.url)
  })
  afterEach(() => control.reset())
  afterAll(() => sandbox.close())
  const env = (): Record<string, string> => ({
    REDIS_URL: 'redis://127.0.0.1:1',
    UPONAI_BASE_URL: sandbox.uponaiUrl,
    UPONAI_DIALECT: dialect,
    UPONAI_API_KEY: sandboxCredentials.uponaiApiKey,
    ...(dialect === 'rest' && { UPONAI_WORKSPACE_ID: String(sandboxCredentials.uponaiWorkspaceId) }),
  })
  return {
    get control() {
      return control
    },
    env,
    run: (words: string[], more: Record<string, string> = {}): Promise<Ended> => chatlane(words, { ...env(), ...more }),
  }
}

/** What stands at a place in the JSON that a command printed. */
export function at(json: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((value, step) => Reflect.get(Object(value), step), json)
}

/** One field of every item of a list that a command printed. */
export function ofItems(json: unknown, name: string): unknown[] {
  const items = at(json, 'items')
  if (!Array.isArray(items)) throw new Error('expected a list of items')
  return items.map((item) => at(item, name))
}
