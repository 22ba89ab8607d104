import { type AgentVersionRef, agentVersion, jsonExcess, parseJson } from '@chatlane/core'
import { InvalidArgumentError, Option } from 'commander'

/** What a chat's metadata is to be. */
export function metadataOption(): Option {
  return new Option('--metadata <json>', 'a JSON object for the chat').argParser(parseMetadata)
}

/** With which version of the agent a chat begins. */
export function agentVersionOption(): Option {
  const text = 'its version: a number, latest, latest_published or a tag (rpc)'
  return new Option('--agent-version <version>', text).argParser(parseVersion)
}

/** Gives the variables by their names. */
export function variableOption(): Option {
  const text = 'a dynamic variable for the agent; may be repeated'
  return new Option('--variable <name=value>', text).argParser(parseVariable)
}

function parseVersion(text: string): AgentVersionRef {
  const read = agentVersion.safeParse(/^\d{1,15}$/.test(text) ? Number(text) : text)
  if (!read.success) throw new InvalidArgumentError(read.error.issues.map(({ message }) => message).join('; '))
  return read.data
}

function parseMetadata(text: string): Record<string, unknown> {
  const excess = jsonExcess(text)
  if (excess !== undefined) throw new InvalidArgumentError(excess)
  const value = jsonOf(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('expected a JSON object, such as {"order":17}')
  }
  return { ...value }
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message)
    return undefined
  }
}

function parseVariable(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('expected name=value')
  return { ...before, [name]: value }
}
