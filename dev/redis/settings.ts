// Durable as in production, and never losing a key: BullMQ and the lanes need both.
const defaults = { appendonly: 'yes', save: '', 'maxmemory-policy': 'noeviction' }

/** Settings as a server's command line; a later one wins over the defaults. */
export function settingArguments(settings: Record<string, string>): string[] {
  return Object.entries({ ...defaults, ...settings }).flatMap(([name, value]) => [`--${name}`, value])
}
