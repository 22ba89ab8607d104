import type { Random } from '../chaos/random.ts'
import type { Client } from './attacker/client.ts'

/** What both an attacker and its harmless counterpart have at hand. Everything is on this machine. */
export interface Given {
  /** Requests to the api, from any address. */
  client: Client
  apiUrl: string
  sandboxUrl: string
  /** The operator's own: for what a row prepares, never for what an attacker sends. */
  apiKey: string
  /** Numbers, the same for the same seed. */
  random: Random
  /** The business's receiver of webhooks, which is in the attacker's hands in this trial. */
  receiver: { endless: boolean }
  /** Says what an attacker got that it must not get. */
  gotThrough(what: string): void
}

/** One kind of attack. */
export interface Row {
  name: string
  /** What the attacker does, in one line. */
  attack: string
  /** What somebody does who is as busy and means no harm: others are measured beside both. */
  harmless: string
  /** Makes both, once; they run until the signal. */
  prepare(given: Given): Promise<Record<Side, (signal: AbortSignal) => Promise<void>>>
}

export type Side = 'attack' | 'harmless'
