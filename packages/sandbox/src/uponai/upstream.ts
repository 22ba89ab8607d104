import type { FaultPlan } from '../faults/fault-plan.ts'
import type { History } from '../history/history.ts'
import type { Settings } from '../settings.ts'
import type { Waits } from '../waits.ts'
import type { ChatBook } from './chats.ts'
import type { Script } from './script.ts'

/** The one UponAI behind both dialects. */
export interface Upstream {
  apiKey: string
  workspaceId: number
  chats: ChatBook
  script: Script
  settings: Settings
  history: History
  faults: FaultPlan
  waits: Waits
}

export type RefusalReason = 'invalid' | 'credentials' | 'forbidden' | 'unknown' | 'ended'

/** A request that UponAI turns down; each dialect has its own status for the reason. */
export class Refusal extends Error {
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, message: string) {
    super(message)
    this.reason = reason
  }
}
