import { hash } from 'node:crypto'

/** A short name for a text of any length: 132 bits of its SHA-256. Keys and fields in Redis are made from it. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}
