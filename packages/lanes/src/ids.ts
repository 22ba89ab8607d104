import { randomBytes } from 'node:crypto'

const process = randomBytes(9).toString('base64url')
let count = 0

/** An id for a step of a run that no other process, before or after a restart, gives out. No spaces, no colons. */
export function freshId(): string {
  return `${process}.${(count++).toString(36)}`
}
