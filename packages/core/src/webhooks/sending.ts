import type { LaneWorkerOptions, Verdict } from '@chatlane/lanes'
import type { WebhookConfig } from '../config/config.ts'
import type { Logger } from '../logging/logger.ts'
import type { WorkerMetrics } from '../metrics/worker-metrics.ts'
import { type Webhook, webhookOf } from './item.ts'
import { MOST_AT_ONCE, type Receiver, type Reception } from './receiver.ts'
import type { ReceiverPause } from './receiver-pause.ts'

export interface WebhookSendingParts {
  config: Pick<WebhookConfig, 'attempts' | 'backoffMs'>
  receiver: Pick<Receiver, 'post'>
  pause: ReceiverPause
  logger: Logger
  metrics: Pick<WorkerMetrics, 'webhook' | 'deadLetter'>
}

/** The longest pause between two tries. */
const LONGEST_BACKOFF_MS = 3 * 3_600_000

/** A webhook that nobody took for so long is given up, whatever kept it: a receiver that is gone must not fill Redis. */
const GIVE_UP_AFTER_MS = 3 * 24 * 3_600_000

/** The least that must be left of the lease when a webhook is sent. */
const LEAST_LEASE_MS = 1_000

/** How the lanes of webhooks are worked off. Each webhook is sent at least once: after a crash it may be sent again. */
export function webhookSending(parts: WebhookSendingParts) {
  const { config, receiver, pause, logger, metrics } = parts
  return {
    concurrency: MOST_AT_ONCE,
    attempts: config.attempts,
    backoffMs: (tries) => webhookBackoff(tries, config.backoffMs),
    async handler(item, turn) {
      const webhook = webhookOf(turn.lane, item)
      const { waitMs } = pause
      if (Date.now() - webhook.since > GIVE_UP_AFTER_MS) return expired(pause.reason)
      if (waitMs > 0) return { do: 'retry', afterMs: waitMs, spend: false, detail: 'the receiver is down or busy' }
      const began = performance.now()
      const begin = () => turn.assertLease(LEAST_LEASE_MS)
      const reception = await receiver.post(webhook, { signal: turn.signal, begin })
      learn(reception)
      metrics.webhook(reception.outcome)
      logger.info(
        { ...lineOf(webhook, reception), tries: turn.tries, ms: Math.round(performance.now() - began) },
        'webhook',
      )
      return verdictOf(reception, webhookBackoff(turn.tries + 1, config.backoffMs))
    },
    onBury({ lane, id, reason, detail }) {
      logger.warn({ conversation: lane, webhook: `${lane}_${id}`, reason, detail }, 'dead letter')
      metrics.deadLetter('webhooks', reason)
      return {}
    },
  } satisfies LaneWorkerOptions

  function learn(reception: Reception): void {
    if (reception.outcome === 'failed') pause.failed()
    else if (reception.outcome === 'busy') pause.busy(reception.retryAfterMs)
    else pause.passed()
  }
}

/** The pause before the next try: 5 s, four times as long each time, at most 3 h; half of it is left to chance. */
export function webhookBackoff(tries: number, baseMs: number): number {
  const most = Math.min(LONGEST_BACKOFF_MS, baseMs * 4 ** (tries - 1))
  return most / 2 + (Math.random() * most) / 2
}

function verdictOf(reception: Reception, backoffMs: number): Verdict {
  switch (reception.outcome) {
    case 'taken':
      return { do: 'commit' }
    case 'gone':
      return { do: 'bury', reason: 'gone', detail: 'the receiver answered 410: it wants no more of this' }
    case 'busy':
      return { do: 'retry', afterMs: reception.retryAfterMs ?? backoffMs, spend: false, detail: reception.detail }
    case 'failed':
      return { do: 'retry', afterMs: Math.max(backoffMs, reception.retryAfterMs ?? 0), detail: reception.detail }
  }
}

function expired(why: ReceiverPause['reason']): Verdict {
  const last = why === undefined ? '' : `; at last the receiver was ${why === 'outage' ? 'down' : 'busy'}`
  return { do: 'bury', reason: 'expired', detail: `nobody took it for 3 days${last}` }
}

function lineOf({ id, type }: Webhook, reception: Reception) {
  return { webhook: id, type, outcome: reception.outcome, ...('detail' in reception && { detail: reception.detail }) }
}
