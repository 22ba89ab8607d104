/** Loaded into a measured process ahead of its own code: says what CPU time it took, and ends with whoever measures. */
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMicros: user + system })
})
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// The process ends by itself when it is told to stop.
process.channel?.unref()
