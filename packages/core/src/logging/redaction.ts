import { jsonForTerminal } from '../text/terminal.ts'
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
  const keys = new Map<string, Key>()

  const keyOf = (name: string): Key => {
    const known = keys.get(name)
    if (known) return known
    const key = { shown: cleanString(name), kind: kindOf(name) }
    if (keys.size < mostKeys) keys.set(name, key)
    return key
  }

  const clean = (value: unknown, kind: Kind): unknown => {
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
      return typeof value === 'number' && !options.content && kind === 'address' ? maskAddress(String(value)) : value
    }
    if (kind === 'secret') return hidden
    if (!options.content && kind === 'text') return typeof value === 'string' ? textForLog(value) : hidden
    if (typeof value === 'string') {
      return cleanString(kind === 'address' ? maskAddress(value, options.content) : value)
    }
    if (Array.isArray(value)) return value.map((item) => clean(item, kind))
    const cleaned: Record<string, unknown> = {}
    for (const [name, item] of Object.entries(Object(value))) {
      const key = keyOf(name)
      cleaned[key.shown] = clean(item, key.kind)
    }
    return cleaned
  }

  return (line) => `${jsonForTerminal(clean(JSON.parse(line), 'other'))}\n`
}

/** Every line has the same few keys; those that somebody else chose must not fill the memory. */
const mostKeys = 1_000

/** What is said under a key. */
type Kind = 'secret' | 'text' | 'address' | 'other'

interface Key {
  /** As the log may show it. */
  shown: string
  kind: Kind
}

function kindOf(key: string): Kind {
  const name = key.toLowerCase().replace(/[_-]/g, '')
  if (secretKey.test(name)) return 'secret'
  if (textKey.test(name)) return 'text'
  return addressKey.test(name) ? 'address' : 'other'
}

function stringCleaner({ content, secrets }: RedactionOptions): (text: string) => string {
  const known = secrets.filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length)
  const anyKnown = known.length === 0 ? undefined : new RegExp(known.map(escaped).join('|'), 'gi')
  // What every secret has in it, and hardly any other text: to look for each of their forms costs ten times as much.
  const sign = new RegExp(['eyJ', 'bearer', 'basic', '@', ...known.map(escaped)].join('|'), 'i')
  const withoutSecrets = (text: string) => {
    const withoutKnown = anyKnown ? text.replace(anyKnown, hidden) : text
    return withoutKnown
      .replace(AUTHORIZATION, `$1${hidden}`)
      .replace(URL_CREDENTIALS, withoutCredentials)
      .replace(DOTTED_WORD, withoutToken)
  }
  return (text) => {
    if (text.length < shortestSecret) return text
    const shown = sign.test(text) ? withoutSecrets(text) : text
    return content ? shown : maskNumbers(withoutQuotedInput(shown))
  }
}

// Whoever is logged chooses the text, so each of these looks at a character once, however the text goes on.

/** What stands in an Authorization header. */
const AUTHORIZATION = /(\b(?:bearer|basic)\s+)[\w+/=.~-]{6,}/gi

/** In a URL, what may be credentials. */
const URL_CREDENTIALS = /:\/\/[^/\s@]*@/g

/** What may hold a JSON web token. */
const DOTTED_WORD = /[\w.-]+/g

/** Hides a JSON web token (`eyJ….….…`) and what stands behind it in the same word. */
function withoutToken(word: string): string {
  const start = word.indexOf('eyJ')
  if (start === -1 || word.slice(start).split('.', 3).length < 3) return word
  return word.slice(0, start) + hidden
}

/** The password between `://` and `@`, with the user's name before it. */
function withoutCredentials(found: string): string {
  const colon = found.indexOf(':', '://'.length)
  return colon === -1 || colon === found.length - 2 ? found : `://${hidden}@`
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/** `JSON.parse` quotes what it was given in its message. */
const withoutQuotedInput = (text: string) => (text.endsWith('is not valid JSON') ? 'not valid JSON' : text)
