import { Session } from 'node:inspector/promises'

/**
 * Counts what code does instead of timing it: how often each block of the project's source runs (V8's precise coverage), how
 * many characters the built-in methods of strings go through, and how far regular expressions search. What a single search
 * costs is judged by the check of all expressions. Start it before the code in question is imported.
 */
export async function startCounting(): Promise<(work: () => unknown) => Promise<number>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const characters = countCharacters()

  return async (work) => {
    await session.post('Profiler.takePreciseCoverage')
    characters.count = 0
    await work()
    const charactersRead = characters.count
    const { result } = await session.post('Profiler.takePreciseCoverage')
    const blocks = result
      .filter(({ url }) => /\/(packages|apps)\/\w+\/src\//.test(url))
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
      .reduce((sum, count) => sum + count, 0)
    return blocks + charactersRead
  }
}

/** These look at what they are given or give back, not at the whole text. */
const PARTIAL = new Set(['at', 'charAt', 'charCodeAt', 'codePointAt', 'toString', 'valueOf'])
const RETURNED = new Set(['slice', 'substring', 'substr'])
const COMPARED = new Set(['startsWith', 'endsWith'])

function countCharacters(): { count: number } {
  const characters = { count: 0 }
  const add = (count: number) => {
    characters.count += count
  }
  for (const name of Object.getOwnPropertyNames(String.prototype)) {
    wrap(String.prototype, name, (call, text, [given]) => {
      const result = call()
      if (PARTIAL.has(name)) add(1)
      else if (COMPARED.has(name)) add(String(given).length)
      else add(`${RETURNED.has(name) ? result : text}`.length)
      return result
    })
  }
  wrap(RegExp.prototype, 'exec', (call, pattern, [text]) => {
    const { lastIndex = 0, global = false, sticky = false } = pattern instanceof RegExp ? pattern : {}
    const start = global || sticky ? lastIndex : 0
    const result = call()
    if (Array.isArray(result)) add(Number(Reflect.get(result, 'index')) + `${result[0]}`.length - start + 1)
    else add(sticky ? 1 : `${text}`.length - start + 1)
    return result
  })
  wrap(JSON, 'parse', (call, _, [text]) => {
    add(`${text}`.length)
    return call()
  })
  wrap(JSON, 'stringify', (call) => {
    const result = call()
    add(`${result}`.length)
    return result
  })
  wrap(Intl.Segmenter.prototype, 'segment', (call, _, [text]) => {
    add(`${text}`.length)
    return call()
  })
  return characters
}

function wrap(
  owner: object,
  name: string,
  counting: (call: () => unknown, self: unknown, given: readonly unknown[]) => unknown,
): void {
  const original: unknown = Reflect.get(owner, name)
  if (typeof original !== 'function' || name === 'constructor') return
  Reflect.set(owner, name, function (this: unknown, ...given: unknown[]) {
    return counting(() => Reflect.apply(original, this, given), this, given)
  })
}
