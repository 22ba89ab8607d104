import { hasSids, type InboundMedia } from '@chatlane/core'
import { errors, SignJWT } from 'jose'
import { signingKey, verifyToken } from '../auth/signing-keys.ts'

const ALGORITHM = 'HS256'

/** What told these tokens from those of conversations while the same key signed both. */
const AUDIENCE = 'media'

type Sids = Omit<InboundMedia, 'type'>

/** Tokens that open one file of a message each, for a day. They hold Twilio's ids of it and nothing else. */
export class MediaTokens {
  readonly #secret: string
  readonly #key: Uint8Array

  /** @param secret SESSION_SECRET */
  constructor(secret: string) {
    this.#secret = secret
    this.#key = signingKey(secret, 'media')
  }

  issue({ accountSid, messageSid, mediaSid }: Sids): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM })
      .setAudience(AUDIENCE)
      .setSubject(`${accountSid}/${messageSid}/${mediaSid}`)
      .setExpirationTime('24 hours')
      .sign(this.#key)
  }

  /** The file that a token opens; undefined for what is no token of ours. */
  async open(token: string): Promise<Sids | 'expired' | undefined> {
    try {
      const { payload } = await verifyToken(token, this.#secret, 'media', {
        algorithms: [ALGORITHM],
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp'],
      })
      const [accountSid = '', messageSid = '', mediaSid = ''] = payload.sub?.split('/') ?? []
      const sids = { accountSid, messageSid, mediaSid }
      return hasSids(sids) ? sids : undefined
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'expired'
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
