import { providerFaults } from './provider-rules.ts'

/** What is broken one at a time: while one fault of a group has its way, the next one of that group waits. */
export type Group = 'worker' | 'api' | 'redis' | 'uponai' | 'twilio' | 'chats'

/** A fault that the schedule places in time. */
export interface TimedFault {
  name: string
  what: string
  group: Group
  /** How long it lasts, ms. */
  ms: readonly [least: number, most: number]
}

const processes: TimedFault[] = (['worker', 'api'] as const).flatMap((group): TimedFault[] => [
  { name: `kill-${group}`, what: `SIGKILL; started again after up to 4 s`, group, ms: [0, 4_000] },
  {
    name: `freeze-${group}`,
    what: group === 'worker' ? 'SIGSTOP for longer than its leases last, then SIGCONT' : 'SIGSTOP, then SIGCONT',
    group,
    ms: group === 'worker' ? [16_000, 22_000] : [3_000, 8_000],
  },
  { name: `restart-${group}`, what: 'SIGTERM: has to exit 0 in time; started again', group, ms: [0, 0] },
])

const connections: TimedFault[] = (['redis', 'uponai', 'twilio'] as const).flatMap((group): TimedFault[] => [
  { name: `${group}-cut`, what: `every connection to ${group} is reset`, group, ms: [0, 0] },
  {
    name: `${group}-half-open`,
    what: `connections to ${group} go silent without being closed, then are reset`,
    group,
    // Towards Redis also for longer than a lease lasts: its worker may not go on with what it has begun.
    ms: { redis: [3_000, 20_000] as const, uponai: [3_000, 8_000] as const, twilio: [3_000, 12_000] as const }[group],
  },
  {
    name: `${group}-slow`,
    what: `every piece to and from ${group} comes 50 to 400 ms late`,
    group,
    ms: [3_000, 8_000],
  },
])

const refusals: TimedFault[] = (['uponai', 'twilio'] as const).map((group) => ({
  name: `${group}-refused`,
  what: `connections to ${group} are refused`,
  group,
  ms: [1_000, 5_000],
}))

const bursts: TimedFault[] = providerFaults
  .filter(({ burst }) => burst)
  .map(({ name, what, rule: { target } }) => ({ name, what, group: target, ms: [1_500, 5_000] }))

/** Faults with a place in the schedule. */
export const timedFaults: readonly TimedFault[] = [
  ...processes,
  {
    name: 'redis-kill',
    what: 'SIGKILL to Redis; back after half a second to 4 s, on the same files',
    group: 'redis',
    ms: [500, 4_000],
  },
  ...connections,
  ...refusals,
  ...bursts,
  {
    name: 'chat-ended',
    what: "a chat is ended on UponAI's side, which tells it by webhook",
    group: 'chats',
    ms: [0, 0],
  },
]

/** Faults that are there all the time, for a few calls in a thousand. */
export const backgroundFaults = providerFaults.filter(({ burst }) => !burst)

export const faultNames: readonly string[] = [...timedFaults, ...backgroundFaults].map(({ name }) => name)

/**
 * The faults that a list means: names, patterns with `*`, `all`, `none`.
 * @throws Error that names what is not known and lists what is
 */
export function faultsOf(list: string): string[] {
  const chosen = new Set<string>()
  for (const part of list.split(',').map((word) => word.trim())) {
    if (part === 'none') continue
    // Names are letters, digits and dashes: nothing of theirs has a meaning in a pattern.
    const isPattern = /^[\w*-]+$/.test(part)
    const pattern = isPattern ? new RegExp(`^${part === 'all' ? '.*' : part.replaceAll('*', '.*')}$`) : /$^/
    const meant = faultNames.filter((name) => pattern.test(name))
    if (meant.length === 0) {
      throw new Error(`expected names or patterns of\n  ${faultNames.join('\n  ')}\nor all, or none; got "${part}"`)
    }
    for (const name of meant) chosen.add(name)
  }
  return faultNames.filter((name) => chosen.has(name))
}
