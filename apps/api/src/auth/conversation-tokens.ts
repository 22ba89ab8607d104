import { errors, jwtVerify, SignJWT } from 'jose'

const ALGORITHM = 'HS256'

/** Tokens that open one conversation each, for browsers. */
export class ConversationTokens {
  readonly #secret: Uint8Array

  /** @param secret SESSION_SECRET: processes that share it accept each other's tokens */
  constructor(secret: string) {
    this.#secret = new TextEncoder().encode(secret)
  }

  /** A token for 30 days. */
  issue(conversation: string): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(conversation)
      .setIssuedAt()
      .setExpirationTime('30 days')
      .sign(this.#secret)
  }

  /** The conversation that a token opens; undefined for what is no valid token. */
  async conversationOf(token: string): Promise<string | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: [ALGORITHM],
        requiredClaims: ['sub', 'exp'],
      })
      // The same secret signs links to files, which say whom they are for.
      return payload.aud === undefined ? payload.sub : undefined
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
