import { fileURLToPath } from 'node:url'
import { spawnProgram, type TestProcess } from '@chatlane/dev'
import { z } from 'zod'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export type ApiProcess = TestProcess

/** `main.ts` as a process of its own, with exactly this environment. */
export const spawnApi = (env: Record<string, string>): ApiProcess =>
  spawnProgram(main, { API_HOST: '127.0.0.1', API_PORT: '0', ADMIN_PORT: '0', ...env })

const ready = z.looseObject({ port: z.number(), admin_port: z.number() })

/** Its addresses, once it listens. */
export async function addressesOf(api: ApiProcess): Promise<{ url: string; adminUrl: string }> {
  const { port, admin_port: adminPort } = ready.parse(await api.line(({ msg }) => msg === 'api ready'))
  return { url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}` }
}
