import { ChatlaneError, createUponAIClient, exitOnConfigError, requireUponai, type UponAIClient } from '@chatlane/core'
import { readConfig } from './context.ts'
import { uponaiFailure } from './uponai-failure.ts'

/**
 * Connects to UponAI, does the work and disconnects; Redis is not needed. Nothing is tried twice.
 * @throws Failure for what UponAI refuses and when it is away, with what to do next
 */
export async function withUponAI<T>(
  work: (uponai: UponAIClient, access: ReturnType<typeof requireUponai>) => Promise<T>,
): Promise<T> {
  const config = readConfig()
  const access = exitOnConfigError(() => requireUponai(config))
  const client = createUponAIClient({ ...access, connections: 1 })
  try {
    return await work(client, access)
  } catch (error) {
    throw error instanceof ChatlaneError ? uponaiFailure(error, access) : error
  } finally {
    await client.close()
  }
}
