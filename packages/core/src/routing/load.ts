import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { nearest } from '../config/spelling.ts'
import { RoutesError, type RoutesProblem } from './error.ts'
import { Routes } from './routes.ts'
import { knownKeys, type RoutesFile, routesFile } from './schema.ts'

type Path = readonly PropertyKey[]
type Document = ReturnType<typeof parseDocument>

/**
 * Reads the text of a routes file, YAML or JSON (docs/configuration.md#routes-file).
 *
 * @throws {RoutesError} with every problem, its line and its key
 */
export function loadRoutes(text: string, filename: string): Routes {
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
  const found = parsed.success ? findConflicts(parsed.data) : parsed.error.issues.flatMap(explain)
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

interface Finding {
  path: Path
  message: string
}

function explain(issue: z.core.$ZodIssue): Finding[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }]
  const known = knownKeys(issue.path.filter((step) => typeof step === 'string'))
  return issue.keys.map((key) => {
    const meant = nearest(key, known)
    const hint = meant ? `; did you mean ${meant}?` : ''
    return { path: [...issue.path, key], message: `expected one of ${known.join(', ')}${hint}` }
  })
}

/** What is wrong between keys or entries, each of which is right. */
function findConflicts(file: RoutesFile): Finding[] {
  const found: Finding[] = []
  const seen = new Map<string, string>()
  const once = (path: Path, value: string | undefined) => {
    if (value === undefined) return
    const id = `${String(path.at(-1))} ${value}`
    const first = seen.get(id)
    if (first) found.push({ path, message: `expected every ${String(path.at(-1))} once; the same is at ${first}` })
    else seen.set(id, keyOf(path))
  }
  for (const [index, entry] of (file.sms ?? []).entries()) {
    const path = ['sms', index]
    if (!entry.sender && !entry.messaging_service_sid)
      found.push({ path, message: 'expected sender or messaging_service_sid' })
    if (!entry.inbound_agents && !entry.outbound_agents)
      found.push({ path, message: 'expected inbound_agents or outbound_agents' })
    if (entry.sender) once([...path, 'sender'], entry.sender)
    // Several senders may belong to one service; only the entry for the service as a whole has to be the only one.
    else once([...path, 'messaging_service_sid'], entry.messaging_service_sid)
  }
  for (const [index, entry] of (file.web ?? []).entries()) once(['web', index, 'public_key'], entry.public_key)
  return found
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

/** `['sms', 0, 'sender']` as `sms[0].sender`. */
const keyOf = (path: Path): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '')
