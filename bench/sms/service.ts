import type { MeasuredProcess } from './measured-process.ts'

/** One side's processes, ready for webhooks. */
export interface Service {
  /** Where its webhooks go. */
  url: string
  /** Whether it promises order per participant. */
  ordered: boolean
  api: MeasuredProcess
  /** Absent where only the way in is measured. */
  worker?: MeasuredProcess
  stop(): Promise<void>
}

export interface ServiceOptions {
  redisUrl: string
  providersUrl: string
  withWorker: boolean
  /** The top of the project whose built code runs; without it this one, built first as far as needed. */
  root?: string
  /** The folder for profiles of their CPU time. */
  profileTo?: string | undefined
}

export const WEBHOOK_PATH = '/webhooks/twilio/messages'
