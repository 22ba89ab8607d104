import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Conversation,
  Conversations,
  connectRedis,
  conversationKeys,
  createLogger,
  createUponAIClient,
  type LedgerItem,
  loadConfig,
  shardOfConversation,
  watchRoutes,
} from '@chatlane/core'
import { freshPrefix, testRedisEnvironment } from '@chatlane/dev'
import { type LaneRedis, Lanes } from '@chatlane/lanes'
import { type SandboxClient, type Settings, sandboxClient, sandboxCredentials, startSandbox } from '@chatlane/sandbox'
import { z } from 'zod'
import { startWorker } from '../src/worker.ts'

export const NUMBER = '+15005550006'
const AGENT = 'chat_agent_a'

export interface Stage {
  sandbox: SandboxClient
  conversations: Conversations
  lanes: Lanes
  /** The lanes of outgoing messages. */
  deliveries: Lanes
  /** The lanes of webhooks for the business. */
  webhooks: Lanes
  redis: LaneRedis
  /** That of every process of this deployment. */
  environment: Readonly<Record<string, string>>
  /** How long a conversation's keys are kept, ms; -1: for ever. */
  timesToLive(conversation: Conversation): Promise<{ record: number; ledger: number }>
  /** Begins a web conversation; `publicKey` chooses the route. */
  web(publicKey?: string): Promise<Conversation>
  /** Sends a text into a web conversation; gives the message's id. */
  say(conversation: Conversation, text: string): Promise<string>
  /** Sends a text as an SMS from a number; gives the conversation. */
  text(from: string, text: string, sid?: string): Promise<Conversation>
  /** Makes so many chats of someone else's. */
  chats(count: number): Promise<void>
  /** The conversation's messages once nothing waits any more and the condition holds. */
  settled(conversation: Conversation, until?: (items: LedgerItem[]) => boolean): Promise<LedgerItem[]>
  /** Takes a conversation's record away, as a Redis does that loses data. */
  forget(conversation: Conversation): Promise<void>
  /** Where the oldest worker shows its health and its metrics. */
  readonly workerUrl: string
  /** What keeps the oldest worker from working, by its `/readyz`. */
  problem(): Promise<string | undefined>
  /** Starts a worker in a process of its own, which ends with the stage. */
  workerProcess(): Promise<ChildProcess>
  /** Starts a worker and stops the oldest one as a SIGTERM would. */
  replaceWorker(): Promise<void>
  stop(): Promise<void>
}

/** A worker against the sandbox, with the api's part played by its own core. */
export async function stage(options: {
  dialect?: 'rest' | 'rpc'
  routes?: string
  env?: Record<string, string>
  settings?: Partial<Settings>
  /** Puts something between the workers and UponAI; given UponAI's URL, gives its own. */
  before?: (uponaiUrl: string) => Promise<string>
  /** Default 1; all in this process. */
  workers?: number
}): Promise<Stage> {
  const sandbox = await startSandbox({ port: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'chatlane-stage-'))
  const routesFile = join(folder, 'routes.yaml')
  writeFileSync(routesFile, options.routes ?? defaultRoutes)
  const environment = {
    ...testRedisEnvironment(options.env),
    REDIS_PREFIX: freshPrefix(),
    UPONAI_BASE_URL: (await options.before?.(sandbox.uponaiUrl)) ?? sandbox.uponaiUrl,
    UPONAI_API_KEY: sandboxCredentials.uponaiApiKey,
    UPONAI_WORKSPACE_ID: String(sandboxCredentials.uponaiWorkspaceId),
    UPONAI_DIALECT: options.dialect ?? 'rest',
    UPONAI_TIMEOUT_MS: '3000',
    UPONAI_COMPLETION_TIMEOUT_MS: '3000',
    TWILIO_ACCOUNT_SID: sandboxCredentials.twilioAccountSid,
    TWILIO_AUTH_TOKEN: sandboxCredentials.twilioAuthToken,
    TWILIO_BASE_URL: sandbox.twilioUrl,
    PUBLIC_URL: 'http://127.0.0.1:9',
    WORKER_PORT: '0',
    CHATLANE_CONFIG: routesFile,
    TURN_BACKOFF_MS: '50',
    LOG_LEVEL: 'error',
    ...options.env,
  }
  const config = loadConfig('worker', environment)
  const logger = createLogger(config.log, { service: 'test' })
  const routes = watchRoutes(config.routesFile)
  const children: ChildProcess[] = []
  const startOne = () => startWorker(config, routes, logger)
  const workers = await Promise.all(Array.from({ length: options.workers ?? 1 }, startOne))
  const redis = connectRedis(config.redis, 'worker', logger)
  const { prefix } = config.redis
  const lanes = new Lanes({
    name: 'turns',
    connection: redis,
    prefix,
    shards: config.queueShards,
    shardOf: shardOfConversation,
  })
  const deliveries = new Lanes({ name: 'deliveries', connection: redis, prefix, shardOf: shardOfConversation })
  const webhooks = new Lanes({ name: 'webhooks', connection: redis, prefix, shardOf: shardOfConversation })
  const conversations = new Conversations({
    redis,
    prefix,
    lanes,
    deliveries,
    shards: config.queueShards,
    routes,
    autoCloseAfterMs: config.autoCloseAfterMs,
    coalesceWindowMs: config.coalesceWindowMs,
    minReplicas: 0,
    mostWaiting: 100,
    ...(config.webhooks && { webhooks }),
  })
  const control = sandboxClient(sandbox.url)
  await control.settings({ status_callbacks: false, ...options.settings })
  const found = async (id: string): Promise<Conversation> => {
    const conversation = await conversations.find(id)
    if (!conversation) throw new Error(`conversation ${id} is not there`)
    return conversation
  }
  return {
    sandbox: control,
    conversations,
    lanes,
    deliveries,
    webhooks,
    redis,
    environment,
    async timesToLive({ id }) {
      const { record, ledger } = conversationKeys(prefix, id)
      return { record: await redis.pttl(record), ledger: await redis.pttl(ledger) }
    },
    web: (publicKey) => conversations.openWeb({ agentId: AGENT, ...(publicKey !== undefined && { publicKey }) }),
    async say(conversation, text) {
      const accepted = await conversations.accept(conversation, { text })
      if (accepted.status !== 'accepted') throw new Error(`not accepted: ${accepted.status}`)
      return accepted.messageId
    },
    async text(from, text, sid = `SM${crypto.randomUUID().replaceAll('-', '')}`) {
      const origin = { channel: 'sms' as const, participant: from, sender: NUMBER, agentId: AGENT }
      const { conversationId } = await conversations.acceptFrom(origin, { text, key: sid })
      return found(conversationId)
    },
    async chats(count) {
      const client = createUponAIClient({ ...config.uponai, timeoutMs: 30_000 })
      const one = () => client.createChat({ agentId: AGENT })
      await Promise.all(Array.from({ length: count }, one))
      await client.close()
    },
    async settled(conversation, until = () => true) {
      for (;;) {
        const waiting = (await conversations.waiting(conversation)) + (await deliveries.waiting(conversation.id))
        const { items } = await conversations.messages(conversation.id, '0', 1_000)
        const done = items.every((item) => item.status !== 'queued')
        if (waiting === 0 && done && until(items)) return items
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async forget({ id }) {
      await redis.del(conversationKeys(prefix, id).record)
    },
    get workerUrl() {
      return `http://127.0.0.1:${workers[0]?.port}`
    },
    async problem() {
      const answer = await fetch(`http://127.0.0.1:${workers[0]?.port}/readyz`)
      return z.object({ problem: z.string().optional() }).parse(await answer.json()).problem
    },
    async workerProcess() {
      const child = fork(new URL('./worker-process.ts', import.meta.url), {
        env: { ...process.env, ...environment },
        execArgv: ['--conditions=chatlane-source'],
        silent: true,
      })
      child.stdout?.pipe(process.stderr, { end: false })
      child.stderr?.pipe(process.stderr, { end: false })
      children.push(child)
      await once(child, 'message')
      return child
    },
    async replaceWorker() {
      workers.push(await startOne())
      await workers.shift()?.stop()
    },
    async stop() {
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(workers.map((worker) => worker.stop()))
      await Promise.all([lanes.close(), deliveries.close(), webhooks.close()])
      redis.disconnect()
      await sandbox.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const defaultRoutes = `
sms:
  - sender: "${NUMBER}"
    inbound_agents: [{ agent_id: ${AGENT} }]
    auto_close_message: "Closing for now."
    failure_message: "Sorry, that went wrong."
web:
  - public_key: pk_quiet
    allowed_origins: ["https://www.example.com"]
    agent_id: ${AGENT}
    greeting: hide
  - public_key: pk_short
    allowed_origins: ["https://www.example.com"]
    agent_id: ${AGENT}
    auto_close_after_ms: 1000
    auto_close_message: "Bye for now."
`
