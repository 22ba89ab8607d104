import { jsonExcess } from '@chatlane/core'
import { InvalidArgumentError, Option } from 'commander'

/** What a chat's metadata is to be. */
export function metadataOption(): Option {
  return new Option('--metadata <json>', 'a JSON object for the chat').argParser(parseMetadata)
}

/** Gives the variables by their names. */
export function variableOption(): Option {
  const text = 'a dynamic variable for the agent; may be repeated'
  return new Option('--variable <name=value>', text).argParser(parseVariable)
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
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function parseVariable(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('expected name=value')
  return { ...before, [name]: value }
}
