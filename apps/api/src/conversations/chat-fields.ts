import { agentVersion, MOST_METADATA } from '@chatlane/core'
import { z } from 'zod'
import { invalid } from '../parse.ts'
import { Problem } from '../problems.ts'

/** The fields of a request that say what a conversation's chats begin with. */
export const chatFields = {
  agent_id: z.string().min(1).max(200).optional(),
  agent_version: agentVersion.optional(),
  metadata: z
    .record(z.string(), z.unknown())
    .refine((metadata) => JSON.stringify(metadata).length <= MOST_METADATA, 'expected at most 50 kB')
    .optional(),
  dynamic_variables: z.record(z.string(), z.string()).optional(),
}

/** @throws Problem for a version that cannot be asked for */
export function requireVersion(
  { agent_id: agent, agent_version: version }: { agent_id?: unknown; agent_version?: unknown },
  dialect: 'rest' | 'rpc',
): void {
  if (version === undefined) return
  if (agent === undefined) throw invalid('agent_version', 'expected only with agent_id')
  if (dialect === 'rpc') return
  const message = 'expected none: with UPONAI_DIALECT=rest a version cannot be named, only with rpc'
  throw new Problem('not_in_dialect', `agent_version: ${message}`, { errors: [{ path: 'agent_version', message }] })
}
