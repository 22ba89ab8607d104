import { freePort } from '../redis/free-port.ts'
import { isFree } from './is-free.ts'

/** The port that a variable names; without it the usual one, or any free one if that is taken. */
export async function portOr(variable: string, usual: number): Promise<number> {
  const given = process.env[variable]
  if (!given) return (await isFree(usual)) ? usual : freePort()
  const port = Number(given)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${variable}: expected a port from 1 to 65535, got "${given}"`)
  if (!(await isFree(port))) throw new Error(`${variable}: port ${port} is taken`)
  return port
}
