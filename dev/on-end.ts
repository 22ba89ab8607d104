/**
 * Calls back once when this process is told to end: by a signal, or because nobody reads what it writes any more (`| head`, a
 * terminal that was closed). Whoever is called ends the process.
 * @param end gets the signal; undefined when there is no reader
 */
export function onEnd(end: (signal: NodeJS.Signals | undefined) => void): void {
  let told = false
  const once = (signal?: NodeJS.Signals) => {
    // A Ctrl-C comes twice: from the terminal, and handed on by pnpm.
    if (told) return
    told = true
    end(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => once(signal))
  for (const output of [process.stdout, process.stderr]) {
    output.on('error', (error: NodeJS.ErrnoException) => {
      // a pipe, a terminal, a file on a full disk
      if (!['EPIPE', 'EIO', 'ENOSPC'].includes(error.code ?? '')) throw error
      once()
    })
  }
}
