/** The page in light and dark, wide and narrow. Plots take their colours from here. */
export const style = `
:root {
  color-scheme: light dark;
  --back: #ffffff; --card: #f6f7f9; --text: #1b1f24; --faint: #5c6570; --grid: #dfe3e8;
  --good: #17713a; --bad: #b3261e; --warn: #8a5a00;
  --line-1: #2563c9; --line-2: #c2410c; --line-3: #7e3fb0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171b; --card: #1d2127; --text: #e6e9ed; --faint: #9aa4b0; --grid: #343b44;
    --good: #5fc98a; --bad: #ff8a80; --warn: #f0b45a;
    --line-1: #79aaff; --line-2: #ff9a62; --line-3: #cf9bf5;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 0.5rem; }
p { margin: 0.25rem 0; }
.faint, figcaption, td.note { color: var(--faint); }
.verdict { font-size: 1.15rem; font-weight: 600; margin: 1rem 0 0.5rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1.5rem; align-items: start; }
.scroll { overflow-x: auto; min-width: 0; }
table.found { min-width: 46rem; }
.tables { margin-top: 1.25rem; }
table { border-collapse: collapse; width: 100%; background: var(--card); border-radius: 0.5rem; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.4rem; }
th, td { text-align: left; padding: 0.35rem 0.75rem; vertical-align: top; border-top: 1px solid var(--grid); }
tr:first-child > * { border-top: 0; }
th { font-weight: 400; } thead th { color: var(--faint); font-size: 0.875rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.note { font-size: 0.875rem; }
td.bad { font-weight: 700; }
code, td.value { font-family: ui-monospace, monospace; font-size: 0.875rem; overflow-wrap: anywhere; }
figure { margin: 0; } figcaption { font-size: 0.9rem; margin-bottom: 0.5rem; }
svg { display: block; max-width: 100%; height: auto; }
.narrow { display: none; }
@media (max-width: 46rem) {
  .wide { display: none; } .narrow { display: block; }
  th, td { padding: 0.35rem 0.4rem; } table { font-size: 0.9rem; }
}
@media print { body { font-size: 12px; } figure { break-inside: avoid; } }
`
