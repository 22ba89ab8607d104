import type { InboundMedia } from '@chatlane/core'
import { errors, jwtVerify, SignJWT } from 'jose'

const ALGORITHM = 'HS256'

/** What tells these tokens from those of conversations, which the same secret signs. */
const AUDIENCE = 'media'

type Sids = Omit<InboundMedia, 'type'>

/** Tokens that open one file of a message each, for a day. They hold Twilio's ids of it and nothing else. */
export class MediaTokens {
  readonly #secret: Uint8Array

  /** @param secret SESSION_SECRET */
  constructor(secret: string) {
    this.#secret = new TextEncoder().encode(secret)
  }

  issue({ accountSid, messageSid, mediaSid }: Sids): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM })
      .setAudience(AUDIENCE)
      .setSubject(`${accountSid}/${messageSid}/${mediaSid}`)
      .setExpirationTime('24 hours')
      .sign(this.#secret)
  }

  /** The file that a token opens; undefined for what is no token of ours. */
  async open(token: string): Promise<Sids | 'expired' | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: [ALGORITHM],
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp'],
      })
      const [accountSid, messageSid, mediaSid] = payload.sub?.split('/') ?? []
      if (accountSid === undefined || messageSid === undefined || mediaSid === undefined) return undefined
      return { accountSid, messageSid, mediaSid }
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'expired'
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
