import type { Post } from '../caller.ts'
import type { FaultPlan } from '../faults/fault-plan.ts'
import type { History } from '../history/history.ts'
import type { Settings } from '../settings.ts'
import type { Waits } from '../waits.ts'
import type { MessageBook } from './messages.ts'
import type { OptOuts } from './opt-outs.ts'
import type { Throughput } from './throughput.ts'

/** The Twilio account that the sandbox plays. */
export interface Carrier {
  accountSid: string
  authToken: string
  apiKey: { sid: string; secret: string } | undefined
  messages: MessageBook
  optOuts: OptOuts
  throughput: Throughput
  settings: Settings
  history: History
  faults: FaultPlan
  waits: Waits
  post: Post
}
