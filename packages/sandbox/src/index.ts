export { type SandboxClient, sandboxClient } from './client.ts'
export { type TrueChat, trueChatSchema } from './control/true-chat.ts'
export { type Latency, latencySchema } from './faults/latency.ts'
export { type FaultPlanInput, type FaultRule, faultPlanSchema, faultRuleSchema } from './faults/rules.ts'
export type {
  HistoryEntry,
  HistoryKind,
  InboundSmsEntry,
  StatusCallbackEntry,
  TwilioEntry,
  UponaiEntry,
  WebhookEntry,
} from './history/entries.ts'
export { historyEntrySchema } from './history/entries.ts'
export { type Sandbox, type SandboxOptions, sandboxCredentials, startSandbox } from './sandbox.ts'
export { type Settings, settingsSchema } from './settings.ts'
export { type InboundSmsInput, type InboundSmsResult, inboundSmsSchema } from './twilio/inbound-sms.ts'
export { type ScriptInput, scriptSchema } from './uponai/script.ts'
export { signWebhook } from './uponai/signature.ts'
