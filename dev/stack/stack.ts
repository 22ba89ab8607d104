import { type SandboxClient, sandboxClient } from '@chatlane/sandbox'
import { freePort } from '../redis/free-port.ts'
import { type StackAddresses, stackEnvironment } from './environment.ts'
import { type Service, startService } from './service.ts'

export interface StackOptions {
  redisUrl: string
  /** Settings on top of the stack's own, by the names of their variables. */
  settings: Record<string, string>
  /** Where the services listen; ports that are not given are any free ones. */
  ports?: Partial<Ports>
  /** Takes what the services write, line by line. */
  onLine: (service: string, line: string) => void
}

interface Ports {
  sandbox: number
  api: number
  admin: number
}

export type Part = 'sandbox' | 'api' | 'worker'

const programs: Record<Part, string> = {
  sandbox: 'packages/sandbox/src/main.ts',
  api: 'apps/api/src/main.ts',
  worker: 'apps/worker/src/main.ts',
}

/** Sandbox, api and workers as processes of this machine. */
export interface Stack extends StackAddresses {
  sandbox: SandboxClient
  /**
   * Starts one more process and waits until it is ready.
   * @param own settings of this process alone: a second api needs ports of its own
   */
  start(part: Part, name: string, own?: Record<string, string>): Promise<Service>
  /** Stops what runs, the last started first. */
  stop(): Promise<void>
}

/** Starts nothing yet: only settles who will find whom where. */
export async function makeStack(options: StackOptions): Promise<Stack> {
  const sandboxPort = options.ports?.sandbox ?? (await freePort())
  const apiPort = options.ports?.api ?? (await freePort())
  const adminPort = options.ports?.admin ?? (await freePort())
  const addresses: StackAddresses = {
    redisUrl: options.redisUrl,
    sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
  }
  const environment = { ...stackEnvironment(addresses), ...options.settings }
  const running: Service[] = []

  async function start(part: Part, name: string, own: Record<string, string> = {}): Promise<Service> {
    const workerPort = part === 'worker' && own.WORKER_PORT === undefined ? await freePort() : 0
    const env: Record<string, string> = { ...environment, WORKER_PORT: String(workerPort), ...own }
    const readyPaths = {
      sandbox: `${env.SANDBOX_PORT}/healthz`,
      api: `${env.API_PORT}/readyz`,
      worker: `${env.WORKER_PORT}/readyz`,
    }
    const service = await startService({
      name,
      program: programs[part],
      env,
      readyUrl: `http://127.0.0.1:${readyPaths[part]}`,
      onLine: (line) => options.onLine(name, line),
    })
    running.push(service)
    void service.ended.then(() => running.splice(running.indexOf(service), 1))
    return service
  }

  return {
    ...addresses,
    sandbox: sandboxClient(addresses.sandboxUrl),
    start,
    stop: async () => {
      for (const service of [...running].reverse()) await service.stop()
    },
  }
}
