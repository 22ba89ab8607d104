import type { Burst } from './plan/bursts.ts'
import type { ThinkTime } from './plan/think-time.ts'

/** From `least` to `most`, both included. */
export interface Range {
  least: number
  most: number
}

/** What a run is to do: checked and complete. Times in ms. */
export interface LoadSettings {
  /** Of the apis, without a slash at the end. */
  urls: string[]
  apiKey: string
  durationMs: number
  /** Messages per second; in a burst more. */
  rate: number
  /** Per person. */
  messages: Range
  think: ThinkTime
  burst?: Burst
  /** How many of a hundred people write by SMS. */
  smsShare: number
  /** What opens a conversation on the web. */
  web?: { agent_id: string } | { public_key: string }
  sms?: SmsSettings
  /** Characters. */
  textLength: Range
  seed: number
  /** The agent's answer to t is `echo: t`. */
  expectEcho: boolean
  /** How long the last answers are waited for. */
  timeoutMs: number
}

export interface SmsSettings {
  /** Ours: people write to them in turn. */
  numbers: string[]
  accountSid: string
  authToken: string
  /** Under which Twilio reaches the api: signatures are made over it. */
  publicUrl: string
}
