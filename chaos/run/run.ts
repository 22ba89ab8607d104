import { setTimeout as passed } from 'node:timers/promises'
import { devApiKey } from '../../dev/stack/environment.ts'
import { wrongAnswers } from '../check/wrong-answers.ts'
import type { Evidence } from '../evidence.ts'
import { Injector } from '../faults/injector.ts'
import { providerFaults } from '../faults/provider-rules.ts'
import { schedule } from '../faults/schedule.ts'
import { ApiClient } from '../load/doors.ts'
import { compareHeard, type Listener } from '../load/listener.ts'
import { Load } from '../load/load.ts'
import { randomFrom } from '../random.ts'
import { graceMs, startCluster } from './cluster.ts'
import { collect } from './collect.ts'
import { untilChatsAreOver } from './late-chats.ts'
import { RepairCounts, type Repairs } from './metrics.ts'
import { watchProgress } from './progress.ts'
import { Pulse } from './pulse.ts'
import { conversations, unsettledOfNobody, untilSettled } from './settle.ts'

export interface RunOptions {
  seed: number
  minutes: number
  /** Names from the catalog. */
  faults: readonly string[]
  /** Accepted messages per second. */
  rate: number
  people: number
  /** For what the processes write. */
  folder: string
  /** Takes what is told to people, line by line. */
  say: (line: string) => void
}

export interface Run {
  evidence: Evidence
  /** How often each chosen fault was injected. */
  injected: Record<string, number>
  accepted: number
  /** Accepted messages that were sent again and answered. */
  repeated: number
  /** What went wrong beside the messages: processes, answers, event streams. */
  misbehaviour: string[]
  repairs: Repairs
  listeners: { streams: number; connections: number; items: number }
  shape: string
  /** How late the sandbox or the proxies came to their work at worst, ms. */
  latenessMs: number
  seconds: number
}

/** With everything mended, for messages that are not accepted yet. */
const lastTriesMs = 30_000

/** Starts everything, breaks it on schedule while people write, mends it, and asks what became of every message. */
export async function run(options: RunOptions, undo: (step: () => Promise<void>) => void): Promise<Run> {
  const { seed, minutes, faults, say } = options
  const began = Date.now()
  const random = randomFrom(seed)
  const misbehaviour: string[] = []
  const note = (what: string) => {
    if (misbehaviour.length < 1_000) misbehaviour.push(what)
    say(`! ${what}`)
  }
  const cluster = await startCluster({ seed, folder: options.folder, apis: 2, workers: 3, onMisbehaviour: note }, undo)
  say(`UponAI this time: ${cluster.shape}`)
  say(`sandbox ${cluster.sandboxUrl}, apis ${cluster.apiUrls.join(' ')}, ${cluster.redis.how}`)
  const api = new ApiClient(cluster.apiUrls, devApiKey, note)
  undo(() => api.close())

  const { people, rate } = options
  const pulse = new Pulse(cluster.sandbox)
  undo(async () => pulse.stop())
  const load = new Load({
    cluster,
    api,
    random: random.fork(),
    people,
    rate,
    latenessMs: () => pulse.latelyMs,
    onMisbehaviour: note,
  })
  undo(async () => load.abandon())
  const injector = new Injector({
    cluster,
    seed,
    random: random.fork(),
    faults,
    endSomeChat: async (which) => {
      const id = load.someone(which)?.conversationId
      if (id === undefined) return false
      const { body } = await api.call('GET', `/v1/conversations/${id}`)
      const chat = (body as { chat_id?: string | null } | undefined)?.chat_id
      return typeof chat === 'string' && (await cluster.sandbox.endChat(chat).catch(() => false))
    },
    onFailure: note,
  })
  undo(() => injector.stop())
  const repairs = new RepairCounts()
  const endProgress = watchProgress({ api, cluster, load, injector, repairs, say })
  undo(async () => endProgress())

  await injector.start(schedule(seed, minutes, faults))
  await passed(minutes * 60_000)
  say('mending everything')
  await injector.stop()
  await Promise.all([...cluster.apis, ...cluster.workers].map((member) => member.start()))
  await load.stop(lastTriesMs)
  endProgress()
  say('waiting for every message to be answered and every chat to close')
  await untilSettled(api, (open, pending) => {
    say(`waiting for ${open} conversations with ${pending} messages`)
  })
  await untilChatsAreOver(cluster.sandbox, 3 * graceMs, (ongoing) => {
    say(`waiting for ${ongoing} chats at UponAI: those of calls that took effect late are ended a while later`)
  })
  // What follows keeps this process busy, and matters to nobody.
  const latenessMs = pulse.longestMs
  const everybody = load.people.map(({ evidence }) => evidence)
  const listed = await conversations(api)
  const evidence = await collect(everybody, listed, { api, sandbox: cluster.sandbox, graceMs })
  await repairs.read(cluster.workers)
  const known = new Set(everybody.map(({ conversationId }) => conversationId))
  for (const problem of [
    ...heardWrongly(load.listeners, evidence),
    ...wrongAnswers(evidence.history),
    ...unsettledOfNobody(listed, known),
  ])
    note(problem)
  return {
    evidence,
    injected: injectedOf(faults, injector.counts, evidence),
    accepted: load.accepted,
    repeated: load.redeliveries.answered,
    misbehaviour,
    repairs: repairs.total,
    listeners: {
      streams: load.listeners.length,
      connections: load.listeners.reduce((sum, { connections }) => sum + connections, 0),
      items: load.listeners.reduce((sum, { heard }) => sum + heard.length, 0),
    },
    shape: cluster.shape,
    latenessMs,
    seconds: Math.round((Date.now() - began) / 1_000),
  }
}

/** What people who listened did not hear as the ledger has it. */
function heardWrongly(listeners: readonly Listener[], { people }: Evidence): string[] {
  const ledgers = new Map(people.map(({ conversationId, ledger }) => [conversationId, ledger]))
  return listeners.flatMap((listener) => {
    listener.leave()
    const items = (ledgers.get(listener.conversationId) ?? []).map(({ id }) => id)
    return compareHeard(listener.heard, items).map((problem) => `events of ${listener.conversationId}: ${problem}`)
  })
}

/** What the sandbox injected is in its history; of a burst, every spoilt request counts. */
function injectedOf(
  faults: readonly string[],
  counts: ReadonlyMap<string, number>,
  { history }: Evidence,
): Record<string, number> {
  const all = new Map(counts)
  for (const { name } of providerFaults) all.delete(name)
  for (const entry of history) {
    if (entry.kind !== 'uponai' && entry.kind !== 'twilio') continue
    const name = entry.fault === null ? undefined : providerFaults[entry.fault.rule]?.name
    if (name !== undefined) all.set(name, (all.get(name) ?? 0) + 1)
  }
  return Object.fromEntries(faults.map((name) => [name, all.get(name) ?? 0]))
}
