import type { FaultPlan } from '../faults/fault-plan.ts'
import type { History } from '../history/history.ts'
import type { Settings } from '../settings.ts'
import type { Waits } from '../waits.ts'
import type { AgentBook } from './agents.ts'
import type { ChatBook } from './chats.ts'
import type { Script } from './script.ts'

/** The one UponAI behind both dialects. */
export interface Upstream {
  apiKey: string
  workspaceId: number
  chats: ChatBook
  agents: AgentBook
  script: Script
  settings: Settings
  history: History
  faults: FaultPlan
  waits: Waits
}
