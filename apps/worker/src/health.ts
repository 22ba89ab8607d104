import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { WorkerMetrics } from '@chatlane/core'

/** How many ports behind the wanted one are tried when it is taken: several workers on one machine need no settings. */
const MORE_PORTS = 100

export interface Health {
  port: number
  close(): Promise<void>
}

/**
 * Serves `/healthz`, `/readyz` and `/metrics`.
 * @throws when no port can be listened on
 * @param notes what someone should see to, though it keeps nothing else from working
 * @param ready what keeps the worker from working, or undefined when nothing does
 * @param onError told why a page could not be made
 */
export async function serveHealth(
  listener: { host: string; port: number },
  registry: Pick<WorkerMetrics['registry'], 'contentType' | 'metrics'>,
  notes: () => readonly string[],
  ready: () => Promise<string | undefined>,
  onError: (error: unknown) => void,
): Promise<Health> {
  const pages: Record<string, (response: ServerResponse) => void | Promise<void>> = {
    '/healthz': (response) => answer(response, 200, { status: 'ok' }),
    '/readyz': async (response) => {
      const problem = await ready()
      const seen = notes()
      answer(response, problem === undefined ? 200 : 503, {
        ...(problem === undefined ? { status: 'ready' } : { status: 'not ready', problem }),
        ...(seen.length > 0 && { notes: seen }),
      })
    },
    '/metrics': async (response) => {
      response.setHeader('Content-Type', registry.contentType).end(await registry.metrics())
    },
  }
  // Node.js' own server: an Express for three pages would take a twentieth of the process's start.
  const server = createServer(async ({ method, url = '' }, response) => {
    const page = method === 'GET' || method === 'HEAD' ? pages[url.replace(/\?.*/s, '')] : undefined
    try {
      if (page) await page(response)
      else answer(response, 404, { problem: `expected GET ${Object.keys(pages).join(', ')}` })
    } catch (error) {
      onError(error)
      answer(response, 500, { problem: 'the page could not be made' })
    }
  })
  const port = await listen(server, listener.host, listener.port)
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

async function listen(server: Server, host: string, wanted: number): Promise<number> {
  for (let port = wanted; ; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return portOf(server)
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (taken && wanted !== 0 && port < wanted + MORE_PORTS) continue
      throw new Error('WORKER_HOST, WORKER_PORT: expected an address that can be listened on', { cause: error })
    }
  }
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
