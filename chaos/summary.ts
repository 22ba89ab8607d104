import { type Findings, verdictOf } from './check/findings.ts'
import { reportJson, reportLines } from './check/report.ts'
import type { Run } from './run/run.ts'

export interface Summary {
  ok: boolean
  /** For people. */
  lines: string[]
  /** For programs. */
  json: Record<string, unknown>
}

/** Kinds of misbehaviour that are written out. */
const MOST_SHOWN = 20

/** In a run of so many minutes each fault that was chosen should have had its turn. */
const LONG_MINUTES = 10

/** Calls are settled a few seconds after they failed: what is later than this may reach a provider behind that. */
const TOO_LATE_MS = 2_000

/** What a run showed. Ok: something was accepted, no promise broken, and no process or answer was as it must not be. */
export function summaryOf(run: Run, findings: Findings, { seed, minutes }: { seed: number; minutes: number }): Summary {
  const { accepted, repeated, misbehaviour, repairs, listeners, shape, seconds, latenessMs, injected, evidence } = run
  // Where nothing was taken in, nothing can have been broken.
  const ok = verdictOf(findings).ok && misbehaviour.length === 0 && accepted > 0
  const notInjected = minutes < LONG_MINUTES ? [] : Object.keys(injected).filter((name) => injected[name] === 0)
  const injections = Object.entries(injected).map(([name, count]) => ({ name, injected: count }))
  const byReason = reasonsOf(run)
  const counted = {
    accepted,
    repeated,
    people: evidence.people.length,
    chats: evidence.chats.length,
    calls: evidence.history.length,
    sweeper_wakes: repairs.sweeperWakes,
    fenced: repairs.fenced,
    take_overs: repairs.takeOvers,
    event_streams: listeners.streams,
    event_stream_connections: listeners.connections,
    event_stream_items: listeners.items,
    lateness_ms: latenessMs,
  }
  const lines = [
    ...reportLines(findings, injections, accepted === 0),
    '',
    `${accepted} messages accepted of ${counted.people} people, ${repeated} of them sent again and answered; ${counted.chats} chats`,
    `dead letters by reason: ${listed(byReason)}`,
    `seen at work: ${repairs.sweeperWakes} sweeper wakes, ${repairs.fenced} fenced commits, ${repairs.takeOvers} take-overs`,
    ...(notInjected.length === 0
      ? []
      : [`not injected: ${notInjected.length} of the chosen faults: ${notInjected.join(', ')}`]),
    `event streams: ${listeners.items} items over ${listeners.streams} streams and ${listeners.connections} connections`,
    `the machine was up to ${latenessMs} ms late with the providers' own work`,
    ...(latenessMs < TOO_LATE_MS
      ? []
      : [
          '  That is too slow for this rate: calls may have reached a provider long after their callers gave up, which nobody',
          '  can cope with. Findings may come of that. Use a lower --rate, or let nothing else run.',
        ]),
    ...(misbehaviour.length === 0
      ? []
      : ['', 'Not as it must be:', ...misbehaviour.slice(0, MOST_SHOWN).map((what) => `  ${what}`)]),
    ...(misbehaviour.length > MOST_SHOWN ? [`  … and ${misbehaviour.length - MOST_SHOWN} more`] : []),
    '',
    `seed ${seed}, ${minutes} minutes of faults, ${seconds} s in all: ${ok ? 'OK' : 'NOT OK'}`,
  ]
  const json = {
    ...reportJson(findings, injections),
    ok,
    seed,
    minutes,
    seconds,
    shape,
    ...counted,
    dead_letters_by_reason: byReason,
    not_injected: notInjected,
    misbehaviour,
  }
  return { ok, lines, json }
}

function reasonsOf({ evidence }: Run): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind, reason } of evidence.deadLetters) {
    const name = `${kind} ${reason}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function listed(counts: Record<string, number>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}
