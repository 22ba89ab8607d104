import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { z } from 'zod'
import { withoutEnding } from '../text/without-ending.ts'
import type { HostPort } from './config.ts'

/** A variable of one format: `parse` answers undefined for anything that is not `expected`. */
function format<T>(expected: string, parse: (text: string) => T | undefined, show: 'value' | 'nothing' = 'nothing') {
  return z.string({ error: `expected ${expected}, but it is not set` }).transform((text, context) => {
    const value = parse(text)
    if (value !== undefined) return value
    const given = show === 'value' && text.length <= 40 ? `, not "${text}"` : ''
    context.addIssue({ code: 'custom', message: `expected ${expected}${given}` })
    return z.NEVER
  })
}

const matching = (pattern: RegExp) => (text: string) => (pattern.test(text) ? text : undefined)

export const integer = (min: number, max: number) =>
  format(
    `an integer from ${min} to ${max}`,
    (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    },
    'value',
  )

export const port = () => integer(0, 65_535)

export const oneOf = <const T extends string>(...values: T[]) =>
  format(values.join(' or '), (text) => values.find((value) => value === text), 'value')

export const flag = () => oneOf('true', 'false').transform((value) => value === 'true')

export const host = () =>
  format('a host name or an IP address', (text) =>
    isIP(text) > 0 || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(text) ? text : undefined,
  )

/** Printable ASCII without spaces: what an HTTP header can carry. */
export const credential = (what: string) => format(`${what} (without spaces)`, matching(/^[\x21-\x7e]+$/))

export const secret = (what: string) => format(what, matching(/\S/))

export const credentials = (what: string) =>
  format(`a comma-separated list of ${what} (without spaces)`, (text) => {
    const items = splitList(text)
    return items.length > 0 && items.every((item) => /^[\x21-\x7e]+$/.test(item)) ? items : undefined
  })

/** Twilio's ids: a two-letter kind and 32 hexadecimal digits. */
export const twilioSid = (kind: 'AC' | 'SK') =>
  format(`${kind} followed by 32 hexadecimal digits`, matching(new RegExp(`^${kind}[0-9a-fA-F]{32}$`)))

export const headerName = () =>
  format('the name of an HTTP header', (text) => matching(/^[A-Za-z0-9-]+$/)(text)?.toLowerCase(), 'value')

export const keyPrefix = () =>
  format('1 to 64 of the characters a-z A-Z 0-9 _ . -', matching(/^[A-Za-z0-9_.-]{1,64}$/), 'value')

export const path = () => format('the path of a file', matching(/\S/))

/** The path of a PEM file with at least one of what is wanted; answers its content. */
export const pemFile = (holds: 'CERTIFICATE' | 'PRIVATE KEY') =>
  format(`the path of a readable PEM file with a ${holds.toLowerCase()}`, (file) => {
    const text = readText(file)
    return text?.includes('-----BEGIN ') && text.includes(`${holds}-----`) ? text : undefined
  })

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** An http(s) address without credentials, query or fragment; answered without a trailing slash. */
export const httpUrl = () =>
  format('a URL such as https://chat.example.com, without user name, query or fragment', (text) => {
    const url = URL.parse(text)
    if (!url || !/^https?:$/.test(url.protocol)) return undefined
    if (url.username || url.password || /[?#]/.test(text)) return undefined
    return withoutEnding(url.origin + url.pathname, '/')
  })

/** Where webhooks go: an http(s) address, which may have a query. */
export const receiverUrl = () =>
  format('a URL such as https://crm.example.com/chatlane, without user name or fragment', (text) => {
    const url = URL.parse(text)
    if (!url || !/^https?:$/.test(url.protocol)) return undefined
    return url.username || url.password || text.includes('#') ? undefined : url.href
  })

/** A signing secret after the Standard Webhooks specification. */
export const webhookSecret = () =>
  format('whsec_ followed by 24 to 64 bytes in base64', (text) => {
    const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? []
    const { length } = Buffer.from(base64, 'base64')
    return base64.length % 4 === 0 && length >= 24 && length <= 64 ? text : undefined
  })

export const redisUrl = () =>
  format('redis://[user:password@]host[:port][/database], or rediss:// for TLS', (text) => {
    const url = URL.parse(text)
    if (!url || !/^rediss?:$/.test(url.protocol) || !url.hostname || url.search || url.hash) return undefined
    if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined
    return /^(\/\d{0,5})?$/.test(url.pathname) ? text : undefined
  })

export const hostPorts = () =>
  format('a comma-separated list of host:port', (text) => {
    const items = splitList(text).map(parseHostPort)
    const valid = items.filter((item) => item !== undefined)
    return valid.length > 0 && valid.length === items.length ? valid : undefined
  })

function parseHostPort(item: string): HostPort | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(item) ?? []
  const name = bracketed ?? plain
  const number = Number(digits)
  return name !== undefined && number >= 1 && number <= 65_535 ? { host: name, port: number } : undefined
}

const splitList = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
