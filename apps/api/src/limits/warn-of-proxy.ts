import type { Logger } from '@chatlane/core'
import type { RequestHandler } from 'express'

/** Says once that requests come through a proxy that is not known: then all visitors share the limits of one address. */
export function warnOfProxy(logger: Logger, trustProxy: number): RequestHandler {
  let told = trustProxy > 0
  return (request, _response, next) => {
    if (!told && request.headers['x-forwarded-for'] !== undefined) {
      told = true
      logger.warn(
        { event: 'unknown_proxy' },
        'requests come with X-Forwarded-For, and API_TRUST_PROXY is 0: if they come through a proxy, all visitors share the limits of one address',
      )
    }
    next()
  }
}
