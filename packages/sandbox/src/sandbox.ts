import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import { openCaller } from './caller.ts'
import { controlRouter } from './control/router.ts'
import { FaultPlan } from './faults/fault-plan.ts'
import type { Latency } from './faults/latency.ts'
import { History } from './history/history.ts'
import { defaultSettings } from './settings.ts'
import type { Carrier } from './twilio/carrier.ts'
import { MessageBook } from './twilio/messages.ts'
import { OptOuts } from './twilio/opt-outs.ts'
import { twilioRouter } from './twilio/router.ts'
import { Throughput } from './twilio/throughput.ts'
import { AgentBook } from './uponai/agents.ts'
import { ChatBook } from './uponai/chats.ts'
import { uponaiRouter } from './uponai/router.ts'
import { Script } from './uponai/script.ts'
import type { Upstream } from './uponai/upstream.ts'
import { webhookListeners } from './uponai/webhooks.ts'
import { Waits } from './waits.ts'

/** Credentials for a machine's own use; nobody else knows them. */
export const sandboxCredentials = {
  uponaiApiKey: 'sandbox-key',
  uponaiWorkspaceId: 1,
  twilioAccountSid: `AC${'5a'.repeat(16)}`,
  twilioAuthToken: '7e'.repeat(16),
}

export interface SandboxOptions {
  host?: string | undefined
  /** 0 (the default): any free port. */
  port?: number | undefined
  /** Where inbound SMS, status callbacks and webhooks go; can be changed later through the settings. */
  apiUrl?: string | undefined
  /** What Twilio's signatures are made over; by default `apiUrl`. */
  publicUrl?: string | undefined
  uponaiApiKey?: string | undefined
  uponaiWorkspaceId?: number | undefined
  /** Signs UponAI's webhooks; by default the API key. */
  uponaiWebhookKey?: string | undefined
  uponaiWebhookHeader?: string | undefined
  twilioAccountSid?: string | undefined
  twilioAuthToken?: string | undefined
  twilioApiKey?: { sid: string; secret: string } | undefined
  /** For every request, unless a fault rule says otherwise. */
  latency?: Latency | undefined
  /** History entries kept. */
  historyLimit?: number | undefined
}

export interface Sandbox {
  url: string
  port: number
  /** Base URL for UponAI's client. */
  uponaiUrl: string
  /** Base URL for `client.api.baseUrl` of the `twilio` library. */
  twilioUrl: string
  /** Ends at once: waits are cut short, connections closed. */
  close(): Promise<void>
}

/**
 * Starts UponAI and Twilio on one port of this machine. Rejects with the server's error (such as `EADDRINUSE`) when the
 * port cannot be had.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const apiUrl = options.apiUrl ?? 'http://127.0.0.1:3000'
  const start = () => defaultSettings(apiUrl, options.publicUrl ?? apiUrl)
  const settings = start()
  const waits = new Waits()
  const history = new History(options.historyLimit ?? 500_000)
  const faults = new FaultPlan(options.latency ?? null)
  const { post, close: closeCaller } = openCaller()
  const shared = { settings, waits, history, faults, post }
  const apiKey = options.uponaiApiKey ?? sandboxCredentials.uponaiApiKey
  const key = options.uponaiWebhookKey ?? apiKey
  const header = options.uponaiWebhookHeader ?? 'x-retell-signature'
  const upstream: Upstream = {
    ...shared,
    apiKey,
    workspaceId: options.uponaiWorkspaceId ?? sandboxCredentials.uponaiWorkspaceId,
    chats: new ChatBook(webhookListeners({ ...shared, key, header })),
    agents: new AgentBook(),
    script: new Script(),
  }
  const carrier: Carrier = {
    ...shared,
    accountSid: options.twilioAccountSid ?? sandboxCredentials.twilioAccountSid,
    authToken: options.twilioAuthToken ?? sandboxCredentials.twilioAuthToken,
    apiKey: options.twilioApiKey,
    messages: new MessageBook(() => Date.now() + settings.twilio_clock_ms),
    optOuts: new OptOuts(),
    throughput: new Throughput(),
  }
  const reset = () => {
    // The addresses stay: whoever resets between two runs still talks to the same api.
    const { api_url, public_url } = settings
    Object.assign(settings, start(), { api_url, public_url })
    upstream.script.set({})
    faults.clear()
    upstream.chats.clear()
    upstream.agents.clear()
    carrier.messages.clear()
    carrier.optOuts.clear()
    carrier.throughput.clear()
    waits.cutAll()
    history.clear()
  }

  const app = express().disable('x-powered-by').set('etag', false)
  app.get('/healthz', (_req, res) => void res.json({ status: 'ok' }))
  app.use('/uponai', uponaiRouter(upstream))
  app.use('/twilio', twilioRouter(carrier))
  app.use('/_sandbox', controlRouter(upstream, carrier, reset))

  // A slow answer is the point of the exercise: the server itself gives up on nothing.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 75_000 }, app)
  const host = options.host ?? '127.0.0.1'
  server.listen({ host, port: options.port ?? 0, backlog: 8192 })
  try {
    await once(server, 'listening')
  } catch (error) {
    await closeCaller()
    throw error
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The sandbox has no port')
  const { port } = address
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return {
    url,
    port,
    uponaiUrl: `${url}/uponai`,
    twilioUrl: `${url}/twilio`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      waits.cutAll()
      server.closeAllConnections()
      await Promise.all([closed, closeCaller()])
    },
  }
}
