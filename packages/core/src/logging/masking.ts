/**
 * An address as a log may show it: `+15005550006` becomes `+1•••••0006`, with or without a channel (`whatsapp:+…`).
 * Web ids, short codes and names stay as they are. With `content` (LOG_CONTENT) everything stays.
 */
export function maskAddress(address: string, content = false): string {
  if (content) return address
  return address.replace(
    /^([a-z]+:)?(\+?)(\d{7,})$/,
    (_, channel = '', plus, digits) => channel + plus + maskDigits(digits),
  )
}

/** A message text as a log may show it: its length only, or with `content` (LOG_CONTENT) the text. */
export function textForLog(text: string, content = false): string {
  if (content || /^\[\d+ characters?\]$/.test(text)) return text
  return `[${text.length} ${text.length === 1 ? 'character' : 'characters'}]`
}

/** Phone numbers inside a longer text, also percent-encoded as in a URL. */
export function maskNumbers(text: string): string {
  if (!text.includes('+') && !text.includes('%')) return text
  return text.replace(/(\+|%2B)([1-9]\d{6,})/gi, (_, plus, digits) => plus + maskDigits(digits))
}

const maskDigits = (digits: string) => `${digits.slice(0, 1)}•••••${digits.slice(digits.length < 9 ? -2 : -4)}`
