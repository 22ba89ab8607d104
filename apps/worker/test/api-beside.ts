import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Stage } from './stage.ts'

const main = fileURLToPath(new URL('../../api/src/main.ts', import.meta.url))
const line = z.looseObject({ msg: z.string(), level: z.string(), port: z.number().optional() })

/**
 * An api process beside a stage's worker, for Twilio's status callbacks: from now on the sandbox makes them.
 * @returns ends it
 */
export async function apiBeside(stage: Stage): Promise<() => void> {
  const child = spawn(process.execPath, ['--conditions=chatlane-source', main], {
    env: {
      PATH: process.env.PATH,
      ...stage.environment,
      API_HOST: '127.0.0.1',
      API_PORT: '0',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`the api ended with ${code}`)))
    createInterface({ input: child.stdout }).on('line', (text) => {
      const { msg, port } = line.parse(JSON.parse(text))
      if (msg === 'api ready' && port !== undefined) resolve(port)
    })
  })
  await stage.sandbox.settings({
    status_callbacks: true,
    api_url: `http://127.0.0.1:${port}`,
    public_url: stage.environment.PUBLIC_URL ?? '',
  })
  return () => child.kill('SIGKILL')
}
