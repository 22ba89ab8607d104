import { Problem } from '../problems.ts'

/** @throws Problem `not_in_dialect` for what UponAI has in `rpc` only */
export function requireRpc(dialect: 'rest' | 'rpc', what: string): void {
  if (dialect === 'rest') {
    throw new Problem('not_in_dialect', `with UPONAI_DIALECT=rest UponAI has no request to ${what}, only with rpc`)
  }
}
