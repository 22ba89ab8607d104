import { buildConnector } from 'undici'

/**
 * How long an idle connection is kept for the next request, ms. A server's hint (`Keep-Alive: timeout=75`) is not believed beyond
 * that: proxies, load balancers and NAT in between forget connections sooner, and what is then sent over one may or may not have
 * arrived. Under load connections are not idle, and without it a handshake is nothing beside an agent's answer.
 */
const MOST_IDLE_MS = 2_000

const CONNECT_TIMEOUT_MS = 10_000

/** Errors that ended a connection over which something had been read, in an earlier exchange if not in this one. */
const endedUsed = new WeakSet<Error>()

const connectPlainly = buildConnector({ allowH2: false, timeout: CONNECT_TIMEOUT_MS })

const connect: typeof connectPlainly = (options, done) =>
  connectPlainly(options, (...[error, socket]) => {
    if (error) return done(error, null)
    const readBefore = socket.bytesRead
    socket.on('error', (cause) => {
      if (socket.bytesRead > readBefore) endedUsed.add(cause)
    })
    done(null, socket)
  })

/** For every dispatcher of undici's over which we call somebody else. */
export const connections = {
  keepAliveTimeout: MOST_IDLE_MS,
  keepAliveMaxTimeout: MOST_IDLE_MS,
  connect,
}

/** True when a connection broke that an earlier exchange had used: the request may have met a peer that had forgotten it. */
export function brokeWhenUsedAgain(cause: unknown): boolean {
  return cause instanceof Error && endedUsed.has(cause)
}
