import { errors, SignJWT } from 'jose'
import { signingKey, verifyToken } from './signing-keys.ts'

const ALGORITHM = 'HS256'

/** Tokens that open one conversation each, for browsers. */
export class ConversationTokens {
  readonly #secret: string
  readonly #key: Uint8Array

  /** @param secret SESSION_SECRET: processes that share it accept each other's tokens */
  constructor(secret: string) {
    this.#secret = secret
    this.#key = signingKey(secret, 'conversation')
  }

  /** A token for 30 days. */
  issue(conversation: string): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(conversation)
      .setIssuedAt()
      .setExpirationTime('30 days')
      .sign(this.#key)
  }

  /** The conversation that a token opens; undefined for what is no valid token. */
  async conversationOf(token: string): Promise<string | undefined> {
    try {
      const { payload } = await verifyToken(token, this.#secret, 'conversation', {
        algorithms: [ALGORITHM],
        requiredClaims: ['sub', 'exp'],
      })
      // Earlier versions signed links to files with the same key; those say whom they are for.
      return payload.aud === undefined ? payload.sub : undefined
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
