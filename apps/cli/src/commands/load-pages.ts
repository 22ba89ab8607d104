import type { LatencySummary } from '../load/latencies.ts'
import type { LoadResult } from '../load/result.ts'
import { countRows, latencyRows, ms, warnings } from '../load/rows.ts'
import { settingsRows } from '../load/settings-rows.ts'
import { table } from '../output.ts'

const MOST_SHOWN = 20

/** A run that is over, for people. */
export function pageOfLoad(result: LoadResult, report: string | undefined): string {
  const counts = countRows(result).map(({ name, count, note, fault }) => {
    const shown = note === undefined || (fault && count === 0) ? '' : note
    return [name, String(count), shown]
  })
  const latencies = latencyRows(result).map(([name, { p50, p90, p99, max }]) => [
    name,
    ms(p50),
    ms(p90),
    ms(p99),
    ms(max),
  ])
  const { findings } = result
  const rest = findings.length - MOST_SHOWN
  return [
    table(['WHAT', 'COUNT', ''], counts),
    '',
    table(['MILLISECONDS', 'P50', 'P90', 'P99', 'MAX'], latencies),
    '',
    ...(findings.length === 0
      ? []
      : [
          table(
            ['FOUND', 'CONVERSATION', 'MESSAGE', ''],
            findings
              .slice(0, MOST_SHOWN)
              .map(({ kind, conversation, message, detail }) => [
                kind.replaceAll('_', ' '),
                conversation ?? '–',
                message ?? '–',
                detail,
              ]),
          ),
          ...(rest > 0 ? [`… and ${rest} more`] : []),
          '',
        ]),
    ...warnings(result),
    verdictOf(result),
    ...(report === undefined ? [] : [`report: ${report}`]),
  ].join('\n')
}

function verdictOf({ ok, counts, found, settings }: LoadResult): string {
  if (ok) {
    const answers = settings.expectEcho
      ? ''
      : ' (Which answer belongs to which message was not looked at: --expect echo.)'
    return `All ${counts.accepted} accepted messages are there once, in order, and with their end.${answers}`
  }
  const problems = Object.entries(found).flatMap(([kind, count]) =>
    count === 0 ? [] : [`${count} ${kind.replaceAll('_', ' ')}`],
  )
  return `NOT OK: ${[...(counts.answered === 0 ? [nothing(counts)] : []), ...problems].join(', ')}.`
}

function nothing({ accepted }: LoadResult['counts']): string {
  return accepted === 0 ? 'nothing was accepted' : 'nothing was answered'
}

/** The same for programs. Latencies in ms. */
export function viewOfLoad(result: LoadResult, report: string | undefined) {
  const { ok, run, startedAt, durationMs, interrupted, settings, people, counts, found, findings } = result
  return {
    ok,
    run,
    started_at: startedAt.toISOString(),
    seconds: Math.round(durationMs / 10) / 100,
    interrupted,
    seed: settings.seed,
    settings: Object.fromEntries(settingsRows(settings).map(([name, value]) => [nameOf(name), value])),
    people,
    messages: counts,
    found,
    findings,
    refused_by: result.failedBy,
    repeated_by: result.repeatedBy,
    latency_ms: {
      acceptance: rounded(result.acceptance),
      answer: rounded(result.answer),
      lateness: rounded(result.lateness),
    },
    report: report ?? null,
  }
}

function nameOf(option: string): string {
  return option.replace('--', '').replaceAll('-', '_')
}

function rounded({ count, ...latencies }: LatencySummary) {
  const entries = Object.entries(latencies).map(([name, value]) => [name, value && Math.round(value * 100) / 100])
  return { count, ...Object.fromEntries(entries) }
}
