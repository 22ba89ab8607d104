import { hkdfSync } from 'node:crypto'
import { errors, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose'

/** What SESSION_SECRET signs, each with a key of its own: a token for one is worth nothing for the other. */
export type Use = 'conversation' | 'media'

const KEY_BYTES = 32

/** @param secret SESSION_SECRET: processes that share it accept each other's tokens */
export function signingKey(secret: string, use: Use): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `chatlane ${use} tokens`, KEY_BYTES))
}

/**
 * Verifies a token of one use. Tokens that earlier versions signed with the secret itself are good until they expire.
 * @throws JOSEError
 */
export async function verifyToken(
  token: string,
  secret: string,
  use: Use,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, signingKey(secret, use), options)
  } catch (error) {
    if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    return jwtVerify(token, new TextEncoder().encode(secret), options)
  }
}
