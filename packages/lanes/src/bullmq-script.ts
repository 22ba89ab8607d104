import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/**
 * The text of one of BullMQ's own Lua scripts. Scripts cannot call each other, and BullMQ offers no other way to add a job in
 * the same step as something else. These files are not part of its public interface, so its version is pinned exactly, and
 * tests run what the text does: jobs that it adds are taken, retried and shown by BullMQ.
 * @param file the script's name and its number of keys, e.g. `addStandardJob-9`
 */
export function bullmqScript(file: string): string {
  const loaded: unknown = load(`bullmq/dist/cjs/scripts/${file}.js`)
  const [name = ''] = file.split('-')
  const script: unknown = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, name) : undefined
  const text: unknown = typeof script === 'object' && script !== null ? Reflect.get(script, 'content') : undefined
  if (typeof text !== 'string') throw new Error(`expected BullMQ 6.7.0, which has the script ${file}`)
  return text
}
