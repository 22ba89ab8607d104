/**
 * Loaded into every process of the stack ahead of its own code: ends the process when the one that started it is gone,
 * however that ended. At once: its Redis goes the same way, and nobody is left who needs an orderly end.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.channel?.unref()
