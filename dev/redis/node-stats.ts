import type { RedisServer } from './keep.ts'
import { asking, askingBriefly } from './nodes.ts'

/** Commands that a node did since it started, those of scripts among them. */
export async function commandsOf(server: RedisServer): Promise<number> {
  const info = await asking(server, (redis) => redis.info('commandstats'))
  return sum(linesOf(info, /^cmdstat_(\S+?):calls=(\d+)/gm).filter(([command]) => !isOfNodes(command)))
}

/** Errors by their first word, over all nodes that answer. */
export async function errorsOf(servers: readonly RedisServer[]): Promise<Record<string, number>> {
  const infos = await Promise.all(servers.map((server) => askingBriefly(server, (redis) => redis.info('errorstats'))))
  const errors: Record<string, number> = {}
  for (const [code, count] of infos.flatMap((info) => linesOf(info, /^errorstat_(\S+?):count=(\d+)/gm)))
    errors[code] = (errors[code] ?? 0) + count
  return errors
}

function linesOf(info: string | undefined, pattern: RegExp): [name: string, count: number][] {
  return [...(info ?? '').matchAll(pattern)].map(([, name = '', count]) => [name, Number(count)])
}

/** What nodes and those who look after them ask each other. */
function isOfNodes(command: string): boolean {
  return /^(cluster|config|info|ping|replconf|psync|migrate|restore|readonly|hello|client|asking)/.test(command)
}

function sum(counts: readonly [string, number][]): number {
  return counts.reduce((total, [, count]) => total + count, 0)
}
