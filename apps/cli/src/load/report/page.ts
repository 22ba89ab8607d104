import type { LoadResult } from '../result.ts'
import { countRows, latencyRows, ms, warnings } from '../rows.ts'
import { settingsRows } from '../settings-rows.ts'
import { type Chart, chartsOf, type Size } from './charts.ts'
import { draw } from './draw.ts'
import { Html, html } from './html.ts'
import { seriesOf } from './series.ts'
import { style } from './style.ts'

const WIDE: Size = { width: 960, height: 300 }
const NARROW: Size = { width: 360, height: 260 }

const MOST_SHOWN = 200

export interface Versions {
  chatlane: string
  node: string
  vega: string
}

/** The whole report: one file that needs nothing else. */
export async function reportPage(result: LoadResult, versions: Versions): Promise<string> {
  const { run, startedAt, durationMs, people } = result
  const charts = chartsOf(seriesOf(result.outcomes, durationMs))
  const figures = await Promise.all(charts.map(figure))
  const when = startedAt.toISOString().slice(0, 19).replace('T', ' ')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Load of ${when} UTC</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<h1>Load on Chatlane</h1>
<p class="faint">${when} UTC, ${Math.round(durationMs / 1_000)} s, ${people.web} people on the web and ${people.sms} by SMS; run ${run}</p>
${verdict(result)}
${warnings(result).map((text) => html`<p class="warn">${text}</p>\n`)}
<div class="tables">
${countTable(result)}
${latencyTable(result)}
</div>
${findingTable(result)}
${figures}
<h2>Settings</h2>
<table><tbody>
${settingsRows(result.settings).map(([name, value]) => html`<tr><th scope="row"><code>${name}</code></th><td class="value">${value}</td></tr>\n`)}
</tbody></table>
<h2>Versions</h2>
<p class="faint">Chatlane ${versions.chatlane}, Node.js ${versions.node}, plots by Vega ${versions.vega}</p>
</main>
</body>
</html>
`.text
}

function verdict({ ok, counts }: LoadResult): Html {
  return ok
    ? html`<p class="verdict good">✓ All ${counts.accepted} accepted messages are there once, in order, and with their end.</p>`
    : html`<p class="verdict bad">✗ Not everything is as it has to be.</p>`
}

function countTable(result: LoadResult): Html {
  const rows = countRows(result).map(({ name, count, note, fault }) => {
    const shown = !note || (fault && count === 0) ? html`` : html`<br><span class="faint">${note}</span>`
    const kind = fault && count > 0 ? 'number bad' : 'number'
    return html`<tr><th scope="row">${name}${shown}</th><td class="${kind}">${count}</td></tr>\n`
  })
  return html`<table><caption>Messages</caption><tbody>\n${rows}</tbody></table>`
}

function latencyTable(result: LoadResult): Html {
  const rows = latencyRows(result).map(
    ([name, { p50, p90, p99, max }]) =>
      html`<tr><th scope="row">${name}</th>${[p50, p90, p99, max].map((value) => html`<td class="number">${ms(value)}</td>`)}</tr>\n`,
  )
  const head = ['p50', 'p90', 'p99', 'max'].map((name) => html`<th scope="col" class="number">${name}</th>`)
  return html`<div class="scroll"><table><caption>Milliseconds</caption><thead><tr><td></td>${head}</tr></thead><tbody>\n${rows}</tbody></table></div>`
}

function findingTable({ findings }: LoadResult): Html {
  if (findings.length === 0) return html``
  const rows = findings.slice(0, MOST_SHOWN).map(
    ({
      kind,
      person,
      conversation,
      message,
      detail,
    }) => html`<tr><td>${kind.replaceAll('_', ' ')}</td><td>${person}</td>
<td class="value">${conversation ?? '–'}</td><td class="value">${message ?? '–'}</td><td class="note">${detail}</td></tr>\n`,
  )
  const rest = findings.length - MOST_SHOWN
  return html`<h2>Found</h2>
<div class="scroll"><table class="found"><thead><tr>
<th scope="col">what</th><th scope="col">who</th><th scope="col">conversation</th><th scope="col">message</th><th scope="col"></th>
</tr></thead><tbody>\n${rows}</tbody></table></div>
${rest > 0 ? html`<p class="faint">… and ${rest} more</p>` : html``}`
}

async function figure({ title, caption, spec }: Chart): Promise<Html> {
  const [wide, narrow] = await Promise.all([WIDE, NARROW].map((size) => draw(spec(size))))
  return html`<h2>${title}</h2>
<figure><figcaption>${caption}</figcaption>
<div class="wide">${new Html(wide ?? '')}</div>
<div class="narrow">${new Html(narrow ?? '')}</div>
</figure>
`
}
