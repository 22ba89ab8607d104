import { isIP } from 'node:net'
import type { Request } from 'express'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

/** Hextets of an IPv6 address that belong to the network: whoever has one address of a /64 has all of them. */
const NETWORK_HEXTETS = 4

/** A request's sender as limits count it, see {@link canonicalAddress}. */
export function clientAddress(request: Request): string {
  const { remoteAddress = '' } = request.socket
  // Express works out `ip` anew each time, and only this header can make it another one.
  const ip = request.headers['x-forwarded-for'] === undefined ? remoteAddress : (request.ip ?? '')
  return known(ip) ?? known(remoteAddress) ?? 'unknown'
}

/** A proxy's own address comes with every request, and so do those of servers that keep their connections. */
const KNOWN = new LRUCache<string, { canonical: string | undefined }>({ max: 1_000 })

/** The same as {@link canonicalAddress}. */
function known(text: string): string | undefined {
  // As long as an address in any notation, with brackets and a port.
  if (text.length > 60) return canonicalAddress(text)
  const before = KNOWN.get(text)
  if (before) return before.canonical
  const canonical = canonicalAddress(text)
  KNOWN.set(text, { canonical })
  return canonical
}

/**
 * One spelling per network: IPv4 as it is, also where it is mapped into IPv6; IPv6 as its /64. A port that a proxy added is
 * dropped.
 * @returns undefined for a text that is no address
 */
export function canonicalAddress(text: string): string | undefined {
  const bare = text
    .replace(/^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/, '$1')
    .replace(/^\[([^\]]{2,50})\](?::\d{1,5})?$/, '$1')
  if (isIP(bare) === 0) return undefined
  const address = ipaddr.process(bare)
  if (!(address instanceof ipaddr.IPv6)) return address.toString()
  const network = address.parts.slice(0, NETWORK_HEXTETS).map((part) => part.toString(16))
  return `${network.join(':')}::/64`
}
