/** What is wrong with Redis, or with the way to it. */
export interface Trouble {
  /** For a log line and for readiness: what is wrong, and what to do where somebody has to. */
  words: string
  /** Says what happened to one connection or command, not why: the next try tells more. */
  vague?: true
  /** No answer came at all. */
  silent?: true
  /** Somebody has to act: said also when it only shows in the course of an outage. */
  act?: true
}

interface Known extends Trouble {
  pattern: RegExp
  /** Matches too, wherever. */
  beside?: RegExp
}

const AWAY = 'Redis cannot be reached; trying again'

/** The first that matches `<code> <name>: <message>` of an error is it. */
const KNOWN: readonly Known[] = [
  {
    pattern: /\b(NOAUTH|WRONGPASS|without any password)/i,
    beside: /sentinel/i,
    words: 'the sentinels refuse our password: set REDIS_SENTINEL_PASSWORD to theirs',
    act: true,
  },
  {
    pattern: /All sentinels are unreachable/,
    words: 'no sentinel tells where the master is: see that those in REDIS_SENTINELS run and know REDIS_SENTINEL_NAME',
    act: true,
  },
  {
    pattern: /\b(NOAUTH|WRONGPASS)\b|invalid username-password|without any password configured/,
    words: 'Redis refuses the user or password in REDIS_URL: correct it, or the user in Redis (ACL LIST)',
    act: true,
  },
  {
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID/,
    words: "Redis' certificate is made out to another name: connect by one that is in it",
    act: true,
  },
  {
    pattern: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    words: "Redis' certificate is not valid at this time: renew it, or set the clock",
    act: true,
  },
  {
    pattern: /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_(UNTRUSTED|REJECTED|SIGNATURE)|INVALID_CA/,
    words:
      "Redis' certificate is not trusted: set REDIS_TLS_CA_FILE to the certificate of the authority that issued it",
    act: true,
  },
  {
    pattern:
      /CERTIFICATE_REQUIRED|ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE|HANDSHAKE_FAILURE)|alert (certificate|bad certificate|unknown ca)/i,
    words: 'Redis wants a client certificate, or refuses ours: see REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE',
    act: true,
  },
  {
    pattern: /ERR_SSL_|SSL routines|before secure TLS connection/,
    words: 'what answers does not speak TLS: use redis:// in place of rediss://, or the port for TLS',
    act: true,
  },
  {
    pattern: /Unknown RESP type|Protocol error, got/,
    words: 'what answers at this address is not Redis: correct REDIS_URL',
    act: true,
  },
  {
    pattern: /max number of clients/,
    words: 'Redis takes no more connections: raise its maxclients',
    act: true,
  },
  {
    pattern: /DENIED Redis is running in protected mode/,
    words: 'Redis is in protected mode and takes no connections from elsewhere: give it a password',
    act: true,
  },
  {
    pattern: /\bNOPERM\b|user executing the script can't/,
    words: 'Redis refuses commands to the user in REDIS_URL; see docs/redis.md#the-user',
    act: true,
  },
  {
    pattern: /(^|[\s-])OOM /,
    words: 'Redis has no memory left',
    act: true,
  },
  {
    pattern: /(^|[\s-])READONLY /,
    words: 'Redis is a replica, which takes no writes: connect to its master',
    act: true,
  },
  {
    pattern: /(^|[\s-])MISCONF /,
    words: 'Redis takes no writes because it could not save its files: see its log and the space on its disk',
    act: true,
  },
  {
    pattern: /(^|[\s-])NOREPLICAS /,
    words: 'Redis takes no writes because fewer replicas are connected than its min-replicas-to-write',
    act: true,
  },
  { pattern: /(^|[\s-])LOADING /, words: 'Redis reads its files' },
  { pattern: /(^|[\s-])(BUSY|UNKILLABLE) /, words: 'Redis is busy with a script' },
  {
    pattern: /(^|[\s-])(CLUSTERDOWN|MASTERDOWN) /,
    words: 'the cluster does not serve all slots: see redis-cli --cluster check, and that its masters run',
  },
  { pattern: /Socket timeout|\bETIMEDOUT\b/, words: 'Redis does not answer; trying again', silent: true },
  {
    pattern: /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)\b|ClusterAllFailedError|startup nodes/,
    words: AWAY,
  },
  {
    pattern:
      /\b(ECONNRESET|EPIPE)\b|AbortError|MaxRetriesPerRequestError|Connection is closed|Command (aborted|timed out)|isn't (writeable|ready) and enableOfflineQueue/i,
    words: AWAY,
    vague: true,
  },
]

/** What an error of a connection, or of a command, says of Redis; undefined when it says nothing of it. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (!(error instanceof Error)) return undefined
  const inner = Reflect.get(error, 'lastNodeError')
  const known = inner instanceof Error ? troubleOf(inner) : undefined
  if (known && !known.vague) return known
  const text = `${Reflect.get(error, 'code') ?? ''} ${error.name}: ${error.message}`
  return KNOWN.find(({ pattern, beside }) => pattern.test(text) && (beside?.test(text) ?? true)) ?? known
}

/** What cannot be told from the error is as good as away. */
export const unknownTrouble: Trouble = { words: AWAY, vague: true }
