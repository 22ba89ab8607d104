import type { Effect } from '@chatlane/lanes'
import { conversationKeys } from './keys.ts'

const UNTOLD = 'untold:'

/**
 * The entries of the ledger behind which an operator had the conversation, as far as the agent is still to be told of it. One
 * field each: who notes that it was told takes nothing away that came meanwhile.
 */
export function untoldOf(hash: Record<string, string>): string[] {
  const found = Object.keys(hash).flatMap((field) => (field.startsWith(UNTOLD) ? [field.slice(UNTOLD.length)] : []))
  return found.toSorted(byNumbers.compare)
}

const byNumbers = new Intl.Collator('en', { numeric: true })

/** The writes that give the conversation to an operator. @param since the ledger's last entry */
export function handOffEffects(prefix: string, id: string, since: string): Effect[] {
  return [['HSETNX', conversationKeys(prefix, id).record, 'hand', since]]
}

/** The writes that give it back to the agent, who is (or is not) to be told of what was said behind `since`. */
export function resumeEffects(
  prefix: string,
  { id, hand: since = '0', untold }: { id: string; hand?: string; untold: readonly string[] },
  tellAgent: boolean,
): Effect[] {
  const { record } = conversationKeys(prefix, id)
  // The first one reaches back behind all others. The last one stays, for the first may be told this very moment.
  const obsolete = tellAgent ? untold.slice(1) : untold
  return [
    ['HDEL', record, 'hand', ...obsolete.map(fieldOf)],
    ...(tellAgent ? [['HSET', record, fieldOf(since), '1'] as const] : []),
  ]
}

/** The writes after which the agent need not be told of these any more. */
export function toldEffects(prefix: string, id: string, told: readonly string[]): Effect[] {
  return told.length === 0 ? [] : [['HDEL', conversationKeys(prefix, id).record, ...told.map(fieldOf)]]
}

const fieldOf = (since: string) => `${UNTOLD}${since}`
