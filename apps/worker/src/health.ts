import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { WorkerMetrics } from '@chatlane/core'
import express from 'express'

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
 */
export async function serveHealth(
  listener: { host: string; port: number },
  registry: WorkerMetrics['registry'],
  notes: () => readonly string[],
  ready: () => Promise<string | undefined>,
): Promise<Health> {
  const app = express().disable('x-powered-by')
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  app.get('/readyz', async (_request, response) => {
    const problem = await ready()
    const seen = notes()
    response.status(problem === undefined ? 200 : 503).json({
      ...(problem === undefined ? { status: 'ready' } : { status: 'not ready', problem }),
      ...(seen.length > 0 && { notes: seen }),
    })
  })
  app.get('/metrics', async (_request, response) => {
    response.set('Content-Type', registry.contentType).end(await registry.metrics())
  })
  const server = createServer(app)
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
