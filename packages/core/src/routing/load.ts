import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { nearest } from '../config/spelling.ts'
import { type Finding, findConflicts, keyOf, type Path } from './conflicts.ts'
import { RoutesError, type RoutesProblem } from './error.ts'
import { Routes } from './routes.ts'
import { entriesOf, knownKeys, routesFile } from './schema.ts'

type Document = ReturnType<typeof parseDocument>

/**
 * Reads the text of a routes file, YAML or JSON (docs/routes.md).
 *
 * @param dialect UponAI's, where it is known: what it cannot say is refused
 * @throws {RoutesError} with every problem, its line and its key
 */
export function loadRoutes(text: string, filename: string, dialect?: 'rest' | 'rpc'): Routes {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0)
    throw new RoutesError(
      filename,
      document.errors.map((error) => ({
        line: lines.linePos(error.pos[0]).line,
        key: '',
        message: `expected YAML or JSON: ${error.message}`,
      })),
    )

  const content = contentOf(document, filename)
  const problemAt = (path: Path, message: string): RoutesProblem => ({
    line: lines.linePos(offsetOf(document, path)).line,
    key: keyOf(path),
    message,
  })
  const parsed = routesFile.safeParse(content ?? {})
  const found = [...(parsed.error?.issues ?? []).flatMap(explain), ...findConflicts(entriesOf(content), dialect)]
  if (!parsed.success || found.length > 0)
    throw new RoutesError(
      filename,
      found.map(({ path, message }) => problemAt(path, message)).sort((a, b) => a.line - b.line),
    )
  return new Routes(parsed.data)
}

function contentOf(document: Document, filename: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    // An alias without an anchor, or so many that the file would grow beyond measure.
    const reason = error instanceof Error ? error.message : String(error)
    throw new RoutesError(filename, [{ line: 0, key: '', message: `expected YAML or JSON: ${reason}` }])
  }
}

function explain(issue: z.core.$ZodIssue): Finding[] {
  // `false`, or a mapping: what is wrong with the mapping is what helps.
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.at(-1) ?? []
    return inner.flatMap((one) => explain({ ...one, path: [...issue.path, ...one.path] }))
  }
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }]
  const known = knownKeys(issue.path.filter((step) => typeof step === 'string'))
  return issue.keys.map((key) => {
    const meant = nearest(key, known)
    const hint = meant ? `; did you mean ${meant}?` : ''
    return { path: [...issue.path, key], message: `expected one of ${known.join(', ')}${hint}` }
  })
}

/** Where a path begins in the text; for a missing key, where the mapping that lacks it begins. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents
  let offset = 0
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
      if (!pair) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      offset = startOf(node) ?? offset
    }
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined
}
