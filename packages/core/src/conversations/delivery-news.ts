import type { LaneRedis, Lanes } from '@chatlane/lanes'
import { reports, type WebhookLanes, writeReported } from '../webhooks/reports.ts'
import type { Conversation } from './conversation.ts'
import { againId, type DeliveryItem } from './items.ts'
import { type MessageStatus, statusEffects } from './ledger.ts'
import {
  KEPT_SECONDS,
  type News,
  newsEffects,
  parseTold,
  replacedEffects,
  type Told,
  timesFailed,
  toldKey,
  wholeStatus,
} from './told.ts'

/** What became of news of a delivery. */
export type Noted =
  | 'noted'
  | 'duplicate'
  /** What failed is in its delivery lane once more. */
  | 'sent_again'

export interface NewsParts {
  redis: LaneRedis
  prefix: string
  /** The lanes of outgoing messages. */
  deliveries: Lanes
  webhooks?: WebhookLanes
}

/** Notes what a provider said of one of our messages: that it took a part, and what became of it. */
export async function noteNews(
  parts: NewsParts,
  conversation: Conversation,
  message: string,
  news: News,
): Promise<Noted> {
  const { prefix, redis, webhooks } = parts
  const { id } = conversation
  const key = toldKey(prefix, id, message)
  const told = parseTold(await redis.hgetall(key))
  if (told.news.has(news.once)) return 'duplicate'
  const delivery = await deliveryAgain(told, news)
  if (delivery) return sendAgain(parts, conversation, message, news, delivery)
  const shown = (status: MessageStatus) => statusEffects(prefix, id, message, status, news.reason)
  const once = { id: `news:${message}:${news.once}`, forMs: KEPT_SECONDS * 1_000 }
  const status = wholeStatus(told, news)
  const effects = [...newsEffects(key, news), ...(status ? shown(status) : [])]
  await writeReported(redis, webhooks, id, conversation, effects, once)
  if ((news.parts ?? 1) === 1) return 'noted'
  // News of another part may have come between the reading and the writing: then neither saw that it was the last one.
  const now = wholeStatus(parseTold(await redis.hgetall(key)), news)
  if (now && now !== status) await writeReported(redis, webhooks, id, conversation, shown(now))
  return 'noted'
}

async function deliveryAgain(told: Told, { again, taken }: News): Promise<DeliveryItem | undefined> {
  if (!again || !taken || told.replaced.has(taken.sid)) return undefined
  const sent = timesFailed(told, taken)
  return sent === undefined ? undefined : again(sent)
}

/**
 * The news, its mark and the delivery are stored in one step, once per id of the provider's. A message in one part counts as
 * queued again; of one in several the others are where they were.
 */
async function sendAgain(
  { prefix, deliveries, webhooks }: NewsParts,
  conversation: Conversation,
  message: string,
  news: News,
  delivery: DeliveryItem,
): Promise<Noted> {
  const { id } = conversation
  const { taken, parts = 1, reason } = news
  const sid = taken?.sid ?? ''
  const key = toldKey(prefix, id, message)
  const again = againId(message, sid)
  const effects = [
    ...(parts === 1 ? statusEffects(prefix, id, message, 'queued', reason) : []),
    ...newsEffects(key, news),
    ...replacedEffects(key, sid),
  ]
  const added = await deliveries.add(id, {
    id: again,
    data: JSON.stringify(delivery),
    dedupe: { id: again, forMs: KEPT_SECONDS * 1_000 },
    effects,
    adds: reports(webhooks, id, conversation, effects),
  })
  return added.status === 'added' ? 'sent_again' : 'duplicate'
}
