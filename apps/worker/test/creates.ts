import type { Stage } from './stage.ts'

/** Every request to send a message that reached Twilio, in order. */
export async function createsOf({ sandbox }: Pick<Stage, 'sandbox'>) {
  const entries = await sandbox.history({ kind: 'twilio' })
  return entries.flatMap((entry) => (entry.kind === 'twilio' && entry.operation === 'message-create' ? [entry] : []))
}
