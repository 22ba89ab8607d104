import { type FSWatcher, watch } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Part } from './stack.ts'

/** Editors save in several steps. */
const settlingMs = 200

/** Whose processes run which sources. */
const sources: Record<string, Part[]> = {
  'packages/lanes': ['api', 'worker'],
  'packages/core': ['api', 'worker'],
  'packages/sandbox': ['sandbox'],
  'apps/api': ['api'],
  'apps/worker': ['worker'],
}

/** Calls back with the parts whose sources changed; the returned function ends it. */
export function watchSources(changed: (parts: ReadonlySet<Part>) => void): () => void {
  let settling: NodeJS.Timeout | undefined
  let parts = new Set<Part>()
  const tell = () => {
    changed(parts)
    parts = new Set()
  }
  const watchers = Object.entries(sources).map(([folder, own]): FSWatcher => {
    const path = fileURLToPath(new URL(`../../${folder}`, import.meta.url))
    return watch(path, { recursive: true }, (_, file) => {
      // Beside the TypeScript sources there are the Lua scripts of lanes.
      if (file === null || !/^(src|lua)[\\/].*\.(ts|lua)$/.test(file)) return
      for (const part of own) parts.add(part)
      clearTimeout(settling)
      settling = setTimeout(tell, settlingMs)
    })
  })
  return () => {
    clearTimeout(settling)
    for (const watcher of watchers) watcher.close()
  }
}
