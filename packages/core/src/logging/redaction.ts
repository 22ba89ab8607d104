import { maskAddress, maskNumbers, textForLog } from './masking.ts'

export interface RedactionOptions {
  content: boolean
  /** Values that must never appear, wherever they turn up. */
  secrets: readonly string[]
}

const hidden = '[redacted]'
/** Shorter ones are words: to replace them everywhere would make the log unreadable and protect nothing. */
const shortestSecret = 6

const secretKey = /(token|secret|password|passwd|apikeys?|authorization|cookie|signature)$/
const textKey =
  /^(text|body|content|data|args|transcript|greeting|(autoclose|failure|opening)message|(.*)dynamicvariables|metadata|mediaurl\d*)$/
const addressKey = /^(from|to|sender|recipient|participant|address|phone|phonenumber|number|author|waid)$/

/**
 * The last door before the output: makes a function that cleans a finished line. pino's own `redact` wants each path
 * listed; here a key counts at any depth, in child loggers too, and what is inside messages and URLs is found as well.
 */
export function createRedaction(options: RedactionOptions): (line: string) => string {
  const cleanString = stringCleaner(options)

  const clean = (value: unknown, key: string): unknown => {
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
      return typeof value === 'number' && !options.content && addressKey.test(key) ? maskAddress(String(value)) : value
    }
    if (secretKey.test(key)) return hidden
    if (!options.content && textKey.test(key)) return typeof value === 'string' ? textForLog(value) : hidden
    if (typeof value === 'string') {
      return cleanString(addressKey.test(key) ? maskAddress(value, options.content) : value)
    }
    if (Array.isArray(value)) return value.map((item) => clean(item, key))
    return Object.fromEntries(
      Object.entries(Object(value)).map(([name, item]) => [cleanString(name), clean(item, normalised(name))]),
    )
  }

  return (line) => `${JSON.stringify(clean(JSON.parse(line), ''))}\n`
}

const normalised = (key: string) => key.toLowerCase().replace(/[_-]/g, '')

function stringCleaner({ content, secrets }: RedactionOptions): (text: string) => string {
  const known = secrets.filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length)
  const patterns = [
    // JSON web tokens, Authorization headers, credentials in URLs
    /eyJ[\w-]+\.[\w-]+\.[\w-]*/.source,
    /(?<=\b(?:bearer|basic)\s+)[\w+/=.~-]{6,}/.source,
    /(?<=:\/\/)[^/\s@]*:[^/\s@]+(?=@)/.source,
    ...known.map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')),
  ]
  const secret = new RegExp(patterns.join('|'), 'gi')
  return (text) => {
    const withoutSecrets = text.replace(secret, hidden)
    return content ? withoutSecrets : maskNumbers(withoutQuotedInput(withoutSecrets))
  }
}

/** `JSON.parse` quotes what it was given in its message. */
const withoutQuotedInput = (text: string) => (text.endsWith('is not valid JSON') ? 'not valid JSON' : text)
