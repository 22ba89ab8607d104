import type { Effect } from '@chatlane/lanes'
import type { Attempt } from '../conversations/conversation.ts'
import { shardOfConversation } from '../conversations/keys.ts'
import { ChatlaneError } from '../errors/chatlane-error.ts'
import type { CallOptions } from '../uponai/client.ts'
import { change, type TurnContext } from './context.ts'
import { assertNotHandedOff, handOf } from './handed-off.ts'

/** The least that must be left of the lease when an outside call begins. */
const LEAST_LEASE_MS = 1_000

/**
 * Makes an outside call that must not be repeated blindly: it is on record before it begins, and stays on record in
 * `conversation.attempt` unless it is clear what became of it. A call that succeeds is taken off the record by the commit of
 * its result.
 * @param meanwhile writes and reads that go with the record
 * @param call given what Redis answered to `meanwhile`; undefined: that got lost on the way
 */
export async function attempted<T>(
  context: TurnContext,
  kind: Attempt['kind'],
  target: string,
  meanwhile: readonly Effect[],
  call: (options: Pick<CallOptions, 'signal' | 'begin'>, answers?: readonly unknown[]) => Promise<T>,
): Promise<T> {
  const { conversation, turn, item, replicas } = context
  // A turn that is told to end puts nothing on record of which the next one had to find out that it never happened.
  turn.assertLease(LEAST_LEASE_MS)
  const attempt: Attempt = { item, kind, target, at: Date.now() }
  replicas.demand(shardOfConversation(conversation.id))
  const isCompletion = kind === 'completion'
  const writes = [...(isCompletion ? [handOf(context)] : []), ...change(context, { attempt }), ...meanwhile]
  const answers = await turn.record(writes)
  // What only a master knows that dies, or was replaced without knowing it, would be done again.
  await replicas.confirm(shardOfConversation(conversation.id))
  conversation.attempt = attempt
  if (isCompletion) await assertNotHandedOff(context, answers?.[0])
  const begin = () => turn.assertLease(LEAST_LEASE_MS)
  begin()
  try {
    return await call({ signal: turn.signal, begin }, answers?.slice(writes.length - meanwhile.length))
  } catch (error) {
    if (error instanceof ChatlaneError && error.handling === 'unclear') {
      const failed = `${error.code}: ${error.message}`
      conversation.attempt = { ...attempt, failed, ...(cameFromTheirServer(error) && { answered: true }) }
    } else {
      delete conversation.attempt
    }
    throw error
  }
}

/** The write that brings the record in line with what is known of the attempt. */
export function attemptEffects(context: TurnContext): Effect[] {
  return change(context, { attempt: context.conversation.attempt ?? null })
}

/** A failure that came as an answer: they are not at it any more. A gateway's answer (52x: a CDN's) says nothing of that. */
function cameFromTheirServer({ status }: ChatlaneError): boolean {
  return status !== undefined && status !== 502 && status !== 504 && status < 520
}
