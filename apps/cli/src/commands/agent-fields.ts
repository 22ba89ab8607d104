import { readFileSync } from 'node:fs'
import { type AgentFields, agentFields, jsonExcess, parseJson } from '@chatlane/core'
import type { Command } from 'commander'
import { Failure } from '../failure.ts'

const placeholders = { text: 'text', number: 'n', flag: 'bool', list: 'list', json: 'json' }

type Form = keyof typeof placeholders

/** How a field is written on the command line, and what is said of it. */
const fields: Record<string, [form: Form, help: string]> = {
  agent_name: ['text', 'what it is called in the dashboard'],
  response_engine: ['json', 'what answers, such as {"type":"uponai-llm","llm_id":"llm_1"}'],
  auto_close_message: ['text', 'what UponAI says when it ends a silent chat'],
  end_chat_after_silence_ms: ['number', 'when UponAI ends a silent chat; keep it longer than AUTO_CLOSE_AFTER_MS'],
  webhook_url: ['text', "where its webhooks go, in place of the account's"],
  webhook_events: ['list', 'chat_started,chat_ended,chat_analyzed,transcript_updated'],
  webhook_timeout_ms: ['number', 'how long a webhook may take'],
  timezone: ['text', 'such as Europe/Berlin'],
  language: ['text', 'such as en-US'],
  is_public: ['flag', 'true or false'],
  data_storage_setting: ['text', 'everything, everything_except_pii or basic_attributes_only'],
  data_storage_retention_days: ['number', '1 to 730'],
  post_chat_analysis_model: ['text', 'the model that analyses a chat when it is over'],
  post_chat_analysis_data: ['json', 'a list of what it looks for'],
  handbook_config: ['json', 'an object, such as {"enabled":true}'],
  uponai_dynamic_variables: ['json', 'names and texts'],
  guardrail_config: ['json', 'an object'],
  pii_config: ['json', 'an object'],
  opt_in_signed_url: ['flag', 'true or false'],
  signed_url_expiration_ms: ['number', 'how long a signed url is good'],
  version_title: ['text', "the version's own name"],
}

const optionOf = (name: string) => `--${name.replaceAll('_', '-')}`

/** Adds an option for every field of an agent, and `--llm-id` and `--from`. */
export function withFields(command: Command): Command {
  for (const [name, [form, help]] of Object.entries(fields)) {
    command.option(`${optionOf(name)} <${placeholders[form]}>`, `${help}${onlyIn(name)}`.trim())
  }
  return command
    .option('--llm-id <id>', "short for a --response-engine of the dialect's own kind")
    .option('--from <file>', 'a JSON file with the whole body; options come on top of it')
}

/** The body that the options make; the client checks it. @param given the command's options, as commander names them */
export function fieldsFrom(given: Record<string, unknown>, dialect: 'rest' | 'rpc'): AgentFields {
  const { from, llmId } = given
  const body = typeof from === 'string' ? bodyOf(from) : {}
  if (typeof llmId === 'string') {
    body.response_engine = { type: dialect === 'rest' ? 'uponai-llm' : 'retell-llm', llm_id: llmId }
  }
  for (const [name, [form]] of Object.entries(fields)) {
    const text = given[camelCase(name)]
    if (typeof text !== 'string') continue
    const excess = form === 'json' ? jsonExcess(text) : undefined
    if (excess !== undefined) throw new Failure(`${optionOf(name)}: ${excess}`, 64)
    if (form === 'json' && parsed(text) === undefined) throw new Failure(`${optionOf(name)}: expected JSON`, 64)
    body[name] = fieldValue(text, form)
  }
  return body
}

function bodyOf(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new Failure(`--from: expected a file that can be read${why}: ${file}`, 64)
  }
  const excess = jsonExcess(text)
  if (excess !== undefined) throw new Failure(`--from: ${excess} in ${file}`, 64)
  const body = parsed(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Failure(`--from: expected a JSON object in ${file}`, 64)
  }
  return { ...body }
}

/** `null` empties a field of any form; what is not of the form is left for the check, which says what was expected. */
function fieldValue(text: string, form: Form): unknown {
  if (text === 'null') return null
  switch (form) {
    case 'text':
      return text
    case 'list':
      return text === '' ? [] : text.split(',').map((item) => item.trim())
    case 'number':
      return /^-?\d+$/.test(text) ? Number(text) : text
    case 'flag':
      return text === 'true' || text === 'false' ? text === 'true' : text
    case 'json':
      return parsed(text)
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function onlyIn(name: string): string {
  const rest = name in agentFields.rest.shape
  return rest === name in agentFields.rpc.shape ? '' : rest ? ' (rest)' : ' (rpc)'
}

const camelCase = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
