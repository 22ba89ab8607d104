import type { ThinkTime } from './plan/think-time.ts'
import type { LoadSettings, Range } from './settings.ts'

/** The settings as they would be given again; nothing secret is among them. */
export function settingsRows(settings: LoadSettings): [name: string, value: string][] {
  const { urls, durationMs, rate, messages, think, burst, smsShare, web, sms, textLength, seed, expectEcho } = settings
  const door = !web ? [] : 'agent_id' in web ? [row('--agent', web.agent_id)] : [row('--public-key', web.public_key)]
  return [
    row('--url', urls.join(',')),
    row('--seconds', `${durationMs / 1_000}`),
    row('--rate', `${Math.round(rate * 1_000) / 1_000}`),
    row('--messages', formatRange(messages)),
    row('--think', formatThink(think)),
    ...(burst ? [row('--burst', `${burst.factor}x${span(burst.forMs)}/${span(burst.everyMs)}`)] : []),
    ...(smsShare < 100 ? door : []),
    row('--sms-share', `${smsShare}`),
    ...(sms ? [row('--number', sms.numbers.join(','))] : []),
    row('--text-length', formatRange(textLength)),
    row('--seed', `${seed}`),
    ...(expectEcho ? [row('--expect', 'echo')] : []),
    row('--timeout', span(settings.timeoutMs)),
  ]
}

function formatRange({ least, most }: Range): string {
  return least === most ? `${least}` : `${least}-${most}`
}

function formatThink(think: ThinkTime): string {
  switch (think.kind) {
    case 'fixed':
      return `fixed:${span(think.ms)}`
    case 'uniform':
      return `uniform:${span(think.leastMs)}-${span(think.mostMs)}`
    case 'exponential':
      return `exponential:${span(think.meanMs)}`
  }
}

function span(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`
}

function row(name: string, value: string): [string, string] {
  return [name, value]
}
