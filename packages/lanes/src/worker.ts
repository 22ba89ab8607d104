import { DelayedError, type Job, Worker } from 'bullmq'
import { backoff } from './backoff.ts'
import type { OnBury } from './burial.ts'
import { type Item, parseItem } from './items.ts'
import type { OnExhausted } from './judge.ts'
import type { LaneJob } from './lane-job.ts'
import type { Lanes } from './lanes.ts'
import { Leases } from './lease.ts'
import { pauseOnFaults } from './pause-on-faults.ts'
import { Presence } from './presence.ts'
import { PREFETCH, type RunnerOptions, work } from './runner.ts'
import { BatchedScript } from './script.ts'
import { Sweeper } from './sweeper.ts'
import { LeaseLostError, Run, type Turn, type Verdict } from './turn.ts'

export interface LaneWorkerOptions {
  /** Handles one item. Never called for two items of a lane at once. Throwing means: try again later. */
  handler: (item: Item, turn: Turn) => Promise<Verdict>
  /** Lanes in progress at once in this process, spread over the shards. Default 100. */
  concurrency?: number
  /** Tries before an item becomes a dead letter. Default 8. */
  attempts?: number
  /** Pause before the next try when the handler threw. Default: exponential from 1 s to 5 min, full jitter. */
  backoffMs?: (tries: number) => number
  /** How long a lane stays with a worker that gives no sign of life. Default 15 s. */
  leaseMs?: number
  /** Items a lane may do before it queues behind the others. Default 50. */
  itemsPerTurn?: number
  /** What else belongs to the step in which an item becomes a dead letter. */
  onBury?: OnBury
  /**
   * Asked, before an item becomes a dead letter, when its tries are spent but the last one did not come to its end: its worker
   * died, or its handler threw. A commit, a burial or a retry that spends nothing is done; else it becomes a dead letter.
   */
  onExhausted?: OnExhausted
  sweep?: { everyMs: number; afterMs: number }
  onError?: (error: unknown) => void
}

/**
 * Lanes that a job goes through, and for how long, before BullMQ gets to see it again: it starts what is due, too. Long enough for a few
 * slow answers: to end a job and begin the next is a third of what Redis does for a turn.
 */
const MOST_LANES_PER_JOB = 100
const LONGEST_PER_JOB_MS = 10_000

/** Pause of a lane whose run could not reach Redis. */
const RETRY_AFTER_FAULT_MS = 1_000

/** What went on in this process, since the start. Without faults all stay 0. */
export interface LaneCounters {
  /** Lanes the sweeper had to wake. */
  sweeperWakes: number
  /** Runs that found themselves replaced and wrote nothing more. */
  fenced: number
  /** Runs that took over from one that died with an item in its hands. */
  takeOvers: number
}

/** Works lanes off: at most one item per lane at a time, over all processes. */
export class LaneWorker {
  readonly counters: LaneCounters = { sweeperWakes: 0, fenced: 0, takeOvers: 0 }
  readonly #lanes: Lanes
  readonly #runner: RunnerOptions
  readonly #onError: (error: unknown) => void
  readonly #concurrency: number
  readonly #leaseMs: number
  readonly #workers: { worker: Worker<LaneJob>; leases: Leases }[] = []
  readonly #sweeper: Sweeper
  readonly #presence: Presence
  readonly #running = new Set<Promise<unknown>>()
  #draining = false
  #paused = false

  constructor(lanes: Lanes, options: LaneWorkerOptions) {
    this.#lanes = lanes
    this.#onError = options.onError ?? (() => {})
    this.#runner = {
      handler: options.handler,
      attempts: options.attempts ?? 8,
      backoffMs: options.backoffMs ?? backoff,
      itemsPerTurn: options.itemsPerTurn ?? 50,
      onBury: options.onBury ?? (() => ({})),
      onExhausted: options.onExhausted,
      draining: () => this.#draining,
    }
    this.#concurrency = options.concurrency ?? 100
    this.#leaseMs = options.leaseMs ?? 15_000
    this.grow()
    const { everyMs, afterMs } = options.sweep ?? { everyMs: 5_000, afterMs: 10_000 }
    this.#sweeper = new Sweeper(lanes, {
      everyMs,
      afterMs,
      onWake: () => {
        this.counters.sweeperWakes++
      },
      onError: this.#onError,
    })
    this.#presence = new Presence(lanes, {
      everyMs: 5_000,
      state: () => (this.#paused ? 'paused' : 'working'),
      onError: this.#onError,
    })
  }

  /**
   * Serves the shards that the lane set has by now, too. Those served before keep their share of the places, so this process
   * may have somewhat more lanes in progress than it was told, until it is started again.
   */
  grow(): void {
    const concurrency = Math.ceil(this.#concurrency / this.#lanes.shards)
    for (let shard = this.#workers.length; shard < this.#lanes.shards && !this.#draining; shard++) {
      const started = this.#start(shard, concurrency, this.#leaseMs)
      if (this.#paused) started.worker.pause(true).catch(this.#onError)
      this.#workers.push(started)
    }
  }

  /** Lanes in progress in this process. */
  get inProgress(): number {
    return this.#running.size
  }

  /** Looks for lanes whose job is gone now, instead of at the next sweep; returns how many were woken. */
  sweep(): Promise<number> {
    return this.#sweeper.sweep()
  }

  /** Looks for mailboxes of which no lane is known now, instead of after the next sweep; returns how many were woken. */
  audit(): Promise<number> {
    return this.#sweeper.audit()
  }

  /**
   * Takes no more lanes until {@link resume}, but for one per shard that it may be taking right now; runs in progress go on.
   * Where they should not, that is for the handler.
   */
  pause(): void {
    this.#paused = true
    this.#presence.announce()
    for (const { worker } of this.#workers) worker.pause(true).catch(this.#onError)
  }

  resume(): void {
    this.#paused = false
    this.#presence.announce()
    for (const { worker } of this.#workers) worker.resume().catch(this.#onError)
  }

  /** Resolves when every shard's worker is connected and takes jobs. */
  async ready(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.waitUntilReady()))
  }

  /**
   * Stops taking lanes, lets runs finish their current item, and after `graceMs` aborts what still runs, which hands it back
   * to the other workers at no cost to the item. Resolves within about a second of that, even when Redis is away.
   */
  async close(graceMs = 10_000): Promise<void> {
    this.#draining = true
    this.#sweeper.stop()
    this.#presence.stop()
    const closed = Promise.allSettled(this.#workers.map(({ worker }) => worker.close()))
    if (!(await within(graceMs, closed))) {
      for (const { leases } of this.#workers) leases.abortAll(new Error('the worker is stopping'))
      await within(1_000, Promise.allSettled([...this.#running, closed]))
    }
    // What still runs is not waited for: its lease ends, and another worker takes over.
    for (const { leases } of this.#workers) leases.stop()
  }

  #start(shard: number, concurrency: number, leaseMs: number): { worker: Worker<LaneJob>; leases: Leases } {
    const { connection, name } = this.#lanes
    const keys = this.#lanes.shardKeys(shard)
    const begin = new BatchedScript(connection, 'begin', keys)
    const commit = new BatchedScript(connection, 'commit', keys)
    const process = (job: Job<LaneJob>, token?: string): Promise<void> => {
      const running = this.#run(job, token ?? '', leases, begin, commit)
      const settled = running.catch(() => {}).finally(() => this.#running.delete(settled))
      this.#running.add(settled)
      return running
    }
    const worker = new Worker<LaneJob>(name, process, {
      connection,
      prefix: keys.tag,
      concurrency,
      lockDuration: leaseMs,
      stalledInterval: Math.ceil(leaseMs / 3),
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      // Leases renews: it keeps the time of each renewal, which BullMQ does not tell.
      skipLockRenewal: true,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    })
    worker.on('error', this.#onError)
    pauseOnFaults(worker, () => !this.#paused && !this.#draining)
    const leases = new Leases(worker, leaseMs, this.#onError)
    return { worker, leases }
  }

  async #run(
    job: Job<LaneJob>,
    token: string,
    leases: Leases,
    begin: BatchedScript,
    commit: BatchedScript,
  ): Promise<void> {
    const { lane } = job.data
    const id = String(job.id)
    const lease = leases.hold(id, token, job.processedOn ?? 0)
    try {
      // This process was frozen after it took the job: it will be, or was, given out again.
      if (lease.remainingMs() <= 0) throw new DelayedError()
      const start = job.attemptsStarted
      const first = (start === 1 && firstStart(job.data)) || (await beginAgain(begin, lane, id, start))
      if (!first) return
      if (first.tookOver) this.counters.takeOvers++
      let [name, beginning] = [lane, first]
      const until = Date.now() + LONGEST_PER_JOB_MS
      for (let lanes = 1; ; lanes++) {
        const run = new Run(this.#lanes, commit, name, { job: id, start }, lease)
        const end = await work(run, this.#lanes, beginning, this.#runner, () => this.#mayGoOn(lanes, until))
        if (end === 'over') return
        if ('parkedForMs' in end) return await this.#park(job, token, end.parkedForMs)
        name = end.next.lane
        beginning = { items: [end.next.head], tries: 0, crashed: false, tookOver: false }
      }
    } catch (error) {
      if (error instanceof DelayedError) throw error
      if (error instanceof LeaseLostError) {
        this.counters.fenced++
        // That the job is another run's by now is no news.
        return await this.#park(job, token, 0, () => {})
      }
      // Redis failed in the middle. The job stays the lane's, and its next start counts as a take-over.
      this.#onError(error)
      return await this.#park(job, token, RETRY_AFTER_FAULT_MS)
    } finally {
      lease.release()
    }
  }

  #mayGoOn(lanes: number, until: number): boolean {
    return lanes < MOST_LANES_PER_JOB && Date.now() < until && !this.#paused
  }

  /**
   * Ends this start of a job so that it is started again after a while. A job that could not be moved (it is no longer this
   * run's, Redis is away) is left as it is, never finished: when its lock has run out it is given out again.
   */
  async #park(job: Job<LaneJob>, token: string, ms: number, onError = this.#onError): Promise<never> {
    await job.moveToDelayed(Date.now() + ms, token).catch(onError)
    throw new DelayedError()
  }
}

/** What a run begins with. */
interface Beginning {
  items: Item[]
  tries: number
  crashed: boolean
  /** From a run that died, or lost its lease. */
  tookOver: boolean
}

/** The first start of a job that was added together with the lane's head needs no look at the lane. */
function firstStart({ item }: LaneJob): Beginning | undefined {
  return item === undefined ? undefined : { items: [parseItem(item)], tries: 0, crashed: false, tookOver: false }
}

/** Undefined when the lane has another job, or this one was started again since. */
async function beginAgain(
  begin: BatchedScript,
  lane: string,
  job: string,
  start: number,
): Promise<Beginning | undefined> {
  const [state, tries, crashed, took, ...items] = await begin.call({ keys: [], args: [lane, job, start, PREFETCH] })
  if (state !== 'run') return undefined
  return {
    items: items.map((item) => parseItem(String(item))),
    tries: Number(tries),
    crashed: crashed === 1,
    tookOver: took === 1,
  }
}

/** True when the promise settled in time. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([promise.then(() => true as const), late])
  } finally {
    clearTimeout(timer)
  }
}
