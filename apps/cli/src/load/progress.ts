import { type Options, SingleBar } from 'cli-progress'
import type { Latencies } from './latencies.ts'
import type { Tally } from './tally.ts'

export interface ProgressState {
  tally: Tally
  answered: number
  /** Came to an end that is no answer. */
  otherwise: number
}

/** Tells on standard error how far a run is. */
export interface Progress {
  writing(durationMs: number, now: () => number, state: () => ProgressState): void
  waiting(state: () => ProgressState): void
  checking(conversations: number): void
  checked(conversations: number): void
  /** Says no more; may be called twice. */
  done(): void
}

const REDRAW_MS = 200
const LINE_MS = 5_000

/** A bar on a terminal, a line every few seconds for everybody else. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? progressBar(stream) : progressLines(stream)
}

function progressBar(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | undefined
  let timer: NodeJS.Timeout | undefined
  const show = (format: string, total: number, update?: (bar: SingleBar) => void) => {
    stop()
    const options: Options = { format, stream, barsize: 20, hideCursor: true, autopadding: true, linewrap: false }
    const shown = new SingleBar({ ...options, barCompleteChar: '█', barIncompleteChar: '░' })
    shown.start(total, 0, { told: '' })
    bar = shown
    if (!update) return
    timer = setInterval(() => update(shown), REDRAW_MS)
  }
  const stop = () => {
    clearInterval(timer)
    bar?.stop()
    bar = undefined
  }
  return {
    writing(durationMs, now, state) {
      show('writing  {bar} {value}/{total} s  {told}', Math.ceil(durationMs / 1_000), (bar) => {
        const seconds = Math.max(0, now() / 1_000)
        bar.update(Math.floor(seconds), { told: told(state(), seconds) })
      })
    },
    waiting(state) {
      show('waiting  {bar} {value}/{total}  {told}', Math.max(1, state().tally.accepted), (bar) => {
        const { answered, otherwise } = state()
        bar.update(answered + otherwise, { told: told(state(), 0) })
      })
    },
    checking: (conversations) => show('checking {bar} {value}/{total} conversations', Math.max(1, conversations)),
    checked: (conversations) => bar?.update(conversations),
    done: stop,
  }
}

function progressLines(stream: NodeJS.WriteStream): Progress {
  let timer: NodeJS.Timeout | undefined
  const every = (line: () => string) => {
    clearInterval(timer)
    timer = setInterval(() => stream.write(`${line()}\n`), LINE_MS)
  }
  return {
    writing(durationMs, now, state) {
      every(() => {
        const seconds = Math.max(0, now() / 1_000)
        return `writing ${Math.round(seconds)}/${Math.ceil(durationMs / 1_000)} s: ${told(state(), seconds)}`
      })
    },
    waiting: (state) => every(() => `waiting: ${told(state(), 0)}`),
    checking(conversations) {
      clearInterval(timer)
      stream.write(`checking ${conversations} conversations\n`)
    },
    checked: () => {},
    done: () => clearInterval(timer),
  }
}

function told({ tally, answered, otherwise }: ProgressState, seconds: number): string {
  const { accepted, failed, repeated, acceptance, answer } = tally
  return [
    ...(seconds > 0 ? [`${(accepted / seconds).toFixed(1)}/s`] : []),
    `${accepted} accepted`,
    `${answered} answered`,
    `${Math.max(0, accepted - answered - otherwise)} waiting`,
    `${failed + otherwise} failed`,
    ...(repeated > 0 ? [`${repeated} repeated`] : []),
    `accepted in ${both(acceptance)}`,
    `answered in ${both(answer)}`,
  ].join('  ')
}

/** The median and the 99th percentile. */
function both(latencies: Latencies): string {
  const { p50, p99 } = latencies.summary()
  return p50 === null || p99 === null ? '–' : `${Math.round(p50)}/${Math.round(p99)} ms`
}
