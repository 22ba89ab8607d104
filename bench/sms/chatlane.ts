import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../../dev/build/build.ts'
import { freePort } from '../../dev/redis/free-port.ts'
import { WORKER_FLAGS } from '../node-flags.ts'
import { environment } from './environment.ts'
import { startMeasured } from './measured-process.ts'
import { sender } from './phase.ts'
import { type Service, type ServiceOptions, WEBHOOK_PATH } from './service.ts'

const ROUTES = `sms:
  - sender: "${sender}"
    inbound_agents: [{ agent_id: chat_agent_bench }]
`

/** Chatlane: api and worker from built code, on their defaults. */
export async function startChatlane({
  redisUrl,
  providersUrl,
  withWorker,
  root,
  profileTo,
}: ServiceOptions): Promise<Service> {
  for (const app of root === undefined ? ['apps/api', 'apps/worker'] : []) {
    const problem = await build(app)
    if (problem !== undefined) throw new Error(problem)
  }
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-bench-'))
  const routesFile = join(folder, 'routes.yaml')
  writeFileSync(routesFile, ROUTES)
  const [port, adminPort, workerPort] = [await freePort(), await freePort(), await freePort()]
  const env = {
    ...environment(redisUrl, providersUrl, port),
    UPONAI_BASE_URL: providersUrl,
    UPONAI_API_KEY: 'bench',
    UPONAI_WORKSPACE_ID: '1',
    TWILIO_BASE_URL: providersUrl,
    API_HOST: '127.0.0.1',
    ADMIN_PORT: String(adminPort),
    WORKER_PORT: String(workerPort),
    API_KEYS: 'known-to-everybody-for-the-benchmark-only',
    SESSION_SECRET: 'known to everybody: for the benchmark only',
    CHATLANE_CONFIG: routesFile,
  }
  const start = (app: string, at: number, flags: string[]) =>
    startMeasured({
      program: `apps/${app}/dist/main.js`,
      ...(root !== undefined && { root }),
      env,
      flags,
      profileTo,
      readyUrl: `http://127.0.0.1:${at}/readyz`,
    })
  const api = await start('api', port, [])
  const worker = withWorker ? await start('worker', workerPort, WORKER_FLAGS) : undefined
  return {
    url: `http://127.0.0.1:${port}${WEBHOOK_PATH}`,
    ordered: true,
    api,
    ...(worker && { worker }),
    stop: async () => {
      await Promise.all([api.stop(), worker?.stop()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
