import type { LaneRedis, Turn } from '@chatlane/lanes'
import type { Consequences } from '../channels/twilio/consequences.ts'
import type { SmsSender } from '../channels/twilio/send.ts'
import type { DeliveryItem } from '../conversations/items.ts'
import type { OptOuts } from '../conversations/opt-outs.ts'
import type { Replicas } from '../redis/replicas.ts'
import type { RoutesHolder } from '../routing/holder.ts'
import type { WebhookLanes } from '../webhooks/reports.ts'
import type { AccountPause } from './account-pause.ts'
import type { SenderGate } from './sender-gate.ts'

/** What deliveries need of the world. */
export interface DeliveryParts {
  redis: LaneRedis
  /** Who must know of a call before it is made. */
  replicas: Replicas
  prefix: string
  sms: SmsSender
  /** Stands before every call to Twilio. */
  pause: AccountPause
  /** Stands before every message of a sender. */
  gate: SenderGate
  /** What follows from a refusal besides the message's state. */
  consequences: Consequences
  routes: RoutesHolder
  /** Whom nothing is sent to. */
  optOuts: OptOuts
  /** The lanes of webhooks for the business. */
  webhooks: WebhookLanes
  /** Where providers reach the api, for status callbacks. */
  publicUrl: string
  backoffMs: number
}

/** One message on its way. */
export interface Delivery extends DeliveryParts {
  /** The message's entry in the ledger. */
  message: string
  item: DeliveryItem
  turn: Turn
}
