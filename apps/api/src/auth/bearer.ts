import type { Request } from 'express'

/** The credentials of `Authorization: Bearer …`; an empty text when the header holds something else. */
export function bearerOf(request: Request): string | undefined {
  const header = request.get('authorization')
  if (!header) return undefined
  return /^bearer +(\S+) *$/i.exec(header)?.[1] ?? ''
}
