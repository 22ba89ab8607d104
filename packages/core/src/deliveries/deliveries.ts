import type { Burial, DeadLetter, Item, Turn, Verdict } from '@chatlane/lanes'
import { splitText } from '../channels/sms/split.ts'
import type { DeliveryNote } from '../conversations/dead-letter.ts'
import { deliveryItem } from '../conversations/items.ts'
import { statusEffects } from '../conversations/ledger.ts'
import type { Logger } from '../logging/logger.ts'
import type { WorkerMetrics } from '../metrics/worker-metrics.ts'
import { type DeliveryParts, deliver } from './deliver.ts'
import { doneEffects, readSending } from './progress.ts'

export interface DeliveryHandlerParts extends DeliveryParts {
  logger: Logger
  metrics: WorkerMetrics
}

/** Sends the messages of conversations' delivery lanes, one after the other per conversation; see `LaneWorkerOptions`. */
export function createDeliveryHandler(parts: DeliveryHandlerParts) {
  const { logger, prefix, metrics } = parts
  return {
    async handler(item: Item, turn: Turn): Promise<Verdict> {
      const began = performance.now()
      const delivery = deliveryItem.parse(JSON.parse(item.data))
      const about = { conversation: turn.lane, message: item.id, to: delivery.to, tries: turn.tries }
      const line: Record<string, unknown> = about
      try {
        const { verdict, ...outcome } = await deliver({ ...parts, message: item.id, item: delivery, turn })
        Object.assign(line, outcome)
        metrics.delivery(outcome.outcome)
        return verdict
      } catch (error) {
        Object.assign(line, { outcome: 'error', err: error })
        metrics.delivery('error')
        throw error
      } finally {
        logger.info({ ...line, ms: Math.round(performance.now() - began) }, 'delivery')
      }
    },

    async onBury({ lane, id, reason, data }: DeadLetter): Promise<Burial> {
      metrics.deadLetter('deliveries', reason)
      const { progress, told } = await readSending(parts.redis, prefix, id, lane)
      const item = deliveryItem.safeParse(JSON.parse(data)).data
      const part = progress?.part ?? item?.part ?? 0
      const taken = told.sids.has(part)
      // On its way when nobody heard of it any more: it may have been sent.
      const inDoubt = progress?.at !== undefined && !progress.counted && !taken
      const note: DeliveryNote = { status: inDoubt ? 'unknown' : 'failed', part: taken ? part + 1 : part }
      const whole = item !== undefined && note.part >= splitText(item.text).length
      const status = whole ? 'sent' : note.status
      const effects = [...doneEffects(prefix, lane), ...statusEffects(prefix, lane, id, status, reason)]
      return { effects, note: JSON.stringify(note) }
    },
  }
}
