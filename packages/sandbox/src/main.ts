import { readEnvironment } from './environment.ts'
import { startSandbox } from './sandbox.ts'

const read = readEnvironment(process.env)
if ('problems' in read) {
  for (const problem of read.problems) process.stderr.write(`${problem}\n`)
  process.exit(78)
}

try {
  const sandbox = await startSandbox(read.options)
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A Ctrl-C comes twice: from the terminal, and handed on by pnpm.
      if (stopping) return
      stopping = true
      void sandbox.close().then(() => process.exit(0))
    })
  }
  process.stdout.write(`sandbox listening on ${sandbox.url}\n`)
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`The sandbox could not start on SANDBOX_PORT ${read.options.port}: ${reason}\n`)
  process.exit(1)
}
