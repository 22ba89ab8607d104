import type { Burial, DeadLetter, Item, Turn, Verdict } from '@chatlane/lanes'
import { carriedChannelOf } from '../channels/channels.ts'
import { type DeliveryNote, present } from '../conversations/dead-letter.ts'
import { type DeliveryItem, deliveryItem, messageOf } from '../conversations/items.ts'
import { statusEffects } from '../conversations/ledger.ts'
import type { Logger } from '../logging/logger.ts'
import type { WorkerMetrics } from '../metrics/worker-metrics.ts'
import type { Subject } from '../webhooks/event.ts'
import { reportingVerdict, reports } from '../webhooks/reports.ts'
import { deliver } from './deliver.ts'
import type { DeliveryParts } from './delivery.ts'
import { partsOf } from './parts.ts'
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
      const message = messageOf(item.id)
      const about = { conversation: turn.lane, message, to: delivery.to, tries: turn.tries }
      const line: Record<string, unknown> = about
      try {
        const { verdict, ...outcome } = await deliver({ ...parts, message, item: delivery, turn })
        Object.assign(line, outcome)
        metrics.delivery(outcome.outcome)
        return reportingVerdict(parts.webhooks, subjectOf(delivery), turn.lane, verdict)
      } catch (error) {
        Object.assign(line, { outcome: 'error', err: error })
        metrics.delivery('error')
        throw error
      } finally {
        logger.info({ ...line, ms: Math.round(performance.now() - began) }, 'delivery')
      }
    },

    async onBury(letter: DeadLetter): Promise<Burial> {
      const { lane, reason, data } = letter
      const id = messageOf(letter.id)
      metrics.deadLetter('deliveries', reason)
      const { progress, told } = await readSending(parts.redis, prefix, id, lane)
      const item = deliveryItem.safeParse(JSON.parse(data)).data
      const part = progress?.part ?? item?.part ?? 0
      const again = item?.again ?? 0
      const taken = (told.sids.get(part)?.length ?? 0) > again
      // On its way when nobody heard of it any more: it may have been sent.
      const inDoubt = progress?.at !== undefined && !progress.counted && !taken
      const note: DeliveryNote = {
        status: inDoubt ? 'unknown' : 'failed',
        part: taken && again === 0 ? part + 1 : part,
      }
      const whole = again > 0 ? taken : item !== undefined && note.part >= partsOf(item).length
      const status = whole ? 'sent' : note.status
      const effects = [...doneEffects(prefix, lane), ...statusEffects(prefix, lane, id, status, reason)]
      const kept = { ...letter, note: JSON.stringify(note) }
      const adds = item ? reports(parts.webhooks, lane, subjectOf(item), effects, present('deliveries', kept)) : []
      return { effects, adds, note: kept.note }
    },
  }
}

/** Whom a delivery is for, as webhooks tell it. */
function subjectOf({ channel, to, from }: DeliveryItem): Subject {
  return {
    channel: channel ?? carriedChannelOf(to).name,
    participant: to,
    ...(from !== undefined && { sender: from }),
  }
}
