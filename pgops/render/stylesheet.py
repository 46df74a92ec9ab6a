"""The one style sheet of the HTML writer. Everything is scoped under `.pgops`, since a notebook has styles of its own.

Colours are text on ground with a contrast of at least 4.5 (WCAG AA) in both schemes; a test computes it. The class
names are the writer's own and those of `Tone`.
"""

from __future__ import annotations

STYLE = """
.pgops {
  color-scheme: light dark;
  --ground: #f5f6f8; --panel: #ffffff; --sunken: #f3f5f7; --line: #dfe3e8; --rail: #b9c1ca;
  --text: #1a1f26; --soft: #57616d; --accent: #2458a6;
  --critical: #b3261e; --critical-ground: #fdeceb; --warning: #855400; --warning-ground: #fff3d4;
  --info: #1f528f; --info-ground: #e7f0fb; --good: #1b6a3d; --good-ground: #e4f4ea;
  --muted: #55606c; --muted-ground: #eceff2;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  background: var(--ground); color: var(--text);
  font: 15px/1.55 var(--sans); text-align: left; padding: 1px 1.25rem 1.25rem; border-radius: 8px;
}
@media (prefers-color-scheme: dark) {
  .pgops {
    --ground: #0f1318; --panel: #171c23; --sunken: #11161c; --line: #2b323b; --rail: #4a5461;
    --text: #e4e8ed; --soft: #9aa5b2; --accent: #86b5f5;
    --critical: #ff9a92; --critical-ground: #3b1a19; --warning: #f0be5c; --warning-ground: #362a10;
    --info: #8fbdf7; --info-ground: #162a44; --good: #7fd1a0; --good-ground: #13301f;
    --muted: #a3adb9; --muted-ground: #242b33;
  }
}
.pgops *, .pgops *::before, .pgops *::after { box-sizing: border-box; }
.pgops-page { margin: 0; background: #f5f6f8; }
.pgops-page .pgops { max-width: 76rem; margin: 0 auto; padding: 2.25rem 2rem 4rem; border-radius: 0; }
@media (prefers-color-scheme: dark) { .pgops-page { background: #0f1318; } }

.pgops h1, .pgops h2, .pgops h3, .pgops h4, .pgops h5, .pgops h6 { margin: 0; color: inherit; line-height: 1.3;
  font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
.pgops h1 { font-size: 1.65rem; }
.pgops h2 { font-size: 1.15rem; }
.pgops h3 { font-size: 1.02rem; }
.pgops h4, .pgops h5, .pgops h6 { font-size: 0.95rem; }
.pgops p { margin: 0.6rem 0; overflow-wrap: anywhere; max-width: 92ch; }
.pgops .subtitle { margin: 0.3rem 0 0; color: var(--soft); max-width: none; }
.pgops a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 2px; }
.pgops :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
/* a name in a right-to-left script must not turn its surroundings */
.pgops code, .pgops strong, .pgops .badge, .pgops .tone, .pgops td, .pgops dd { unicode-bidi: isolate; }
.pgops code { font-family: var(--mono); font-size: 0.9em; color: inherit; overflow-wrap: anywhere;
  background: var(--muted-ground); padding: 0.1em 0.35em; border-radius: 4px; }
.pgops h1 code, .pgops h2 code, .pgops h3 code, .pgops h4 code { background: none; padding: 0; font-size: 0.96em; }

.pgops .strip { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 1.25rem 0 0.5rem; padding: 0.6rem 0;
  background: var(--ground); }
.pgops-page .strip { position: sticky; top: 0; z-index: 2; border-bottom: 1px solid var(--line); }
.pgops .tile { display: flex; align-items: baseline; gap: 0.45rem; padding: 0.35rem 0.8rem; border-radius: 7px;
  min-width: 0; max-width: 100%; overflow-wrap: anywhere; color: var(--muted); background: var(--panel);
  border: 1px solid var(--line); }
.pgops .tile .value { font-size: 1.3rem; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
.pgops .tile .label { font-size: 0.85rem; }
.pgops label.tile { cursor: pointer; user-select: none; }
.pgops label.tile input { appearance: auto; margin: 0; width: 0.85rem; height: 0.85rem; align-self: center;
  accent-color: var(--accent); }
.pgops .critical > input { accent-color: var(--critical); }
.pgops .warning > input { accent-color: var(--warning); }
.pgops .info > input { accent-color: var(--info); }
.pgops .good > input { accent-color: var(--good); }
.pgops label.tile:has(input:not(:checked)) { opacity: 0.65; }

.pgops details.section { margin: 1.75rem 0 0; }
.pgops details.section details.section { margin: 1.1rem 0 0; }
.pgops details.section > summary { display: flex; align-items: baseline; gap: 0.6rem; padding: 0 0 0.4rem;
  border-bottom: 1px solid var(--line); cursor: pointer; list-style: none; scroll-margin-top: 5rem; }
.pgops details.section > summary::-webkit-details-marker { display: none; }
.pgops details.section > summary::before { content: ""; flex: none; width: 0.4rem; height: 0.4rem;
  border: solid var(--soft); border-width: 0 1.5px 1.5px 0; transform: translateY(-0.15rem) rotate(-45deg); }
.pgops details.section[open] > summary::before { transform: translateY(-0.2rem) rotate(45deg); }
.pgops details.section > summary .aside { margin-left: auto; max-width: 50%; color: var(--soft); font-size: 0.87rem;
  overflow-wrap: anywhere; }
.pgops details.section > summary > :is(h2, h3, h4, h5, h6) { min-width: 0; }
.pgops .body { padding-top: 0.35rem; }
.pgops [id] { scroll-margin-top: 5rem; }

.pgops .card { margin: 0.7rem 0; padding: 0.75rem 1rem 0.7rem; background: var(--panel);
  border: 1px solid var(--line); border-left: 4px solid var(--muted); border-radius: 7px; break-inside: avoid; }
.pgops .card .head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.3rem 0.65rem; font-size: 1rem;
  font-weight: 600; overflow-wrap: anywhere; }
.pgops .card .head .heading { min-width: 0; }
.pgops .card .head code { background: none; padding: 0; font-size: 0.94em; }
.pgops .card p { margin: 0.35rem 0; }
.pgops .card .facts { display: flex; flex-wrap: wrap; gap: 0.1rem 1.2rem; margin: 0.5rem 0 0; padding: 0;
  font-size: 0.82rem; color: var(--soft); }
.pgops .facts div { display: flex; gap: 0.4em; min-width: 0; }
.pgops .facts dt { margin: 0; min-width: 0; font-weight: 400; overflow-wrap: anywhere; }
.pgops .facts dd { margin: 0; min-width: 0; color: var(--text); overflow-wrap: anywhere; }
.pgops .facts code, .pgops table.grid code { background: none; padding: 0; }

.pgops .badge { display: inline-block; padding: 0.08em 0.55em; border-radius: 5px; font-size: 0.76rem; line-height: 1.5;
  font-weight: 600; letter-spacing: 0.01em; overflow-wrap: anywhere; }
.pgops .badge.critical { color: var(--critical); background: var(--critical-ground); }
.pgops .badge.warning { color: var(--warning); background: var(--warning-ground); }
.pgops .badge.info { color: var(--info); background: var(--info-ground); }
.pgops .badge.good { color: var(--good); background: var(--good-ground); }
.pgops .badge.muted { color: var(--muted); background: var(--muted-ground); }
.pgops .tone.critical, .pgops .tile.critical { color: var(--critical); }
.pgops .tone.warning, .pgops .tile.warning { color: var(--warning); }
.pgops .tone.info, .pgops .tile.info { color: var(--info); }
.pgops .tone.good, .pgops .tile.good { color: var(--good); }
.pgops .tone.muted { color: var(--soft); }
.pgops .card.critical, .pgops .note.critical { border-left-color: var(--critical); }
.pgops .card.warning, .pgops .note.warning { border-left-color: var(--warning); }
.pgops .card.info, .pgops .note.info { border-left-color: var(--info); }
.pgops .card.good, .pgops .note.good { border-left-color: var(--good); }

.pgops .note { margin: 0.7rem 0; padding: 0.45rem 0.9rem; border-left: 3px solid var(--muted);
  background: var(--panel); border-radius: 0 6px 6px 0; max-width: none; }
.pgops pre { margin: 0.55rem 0; padding: 0.6rem 0.85rem; background: var(--sunken); border: 1px solid var(--line);
  border-radius: 6px; font: 0.85rem/1.5 var(--mono); color: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }
.pgops pre code { background: none; padding: 0; font-size: inherit; }
.pgops pre.language-sql, .pgops pre.language-sh { user-select: all; }

.pgops .scroll { margin: 0.7rem 0; max-height: 36rem; overflow: auto; background: var(--panel);
  border: 1px solid var(--line); border-radius: 7px; }
.pgops table.grid { width: 100%; margin: 0; border: 0; border-collapse: separate; border-spacing: 0;
  font-size: 0.87rem; color: inherit; }
.pgops table.grid caption, .pgops table.grid .empty { white-space: normal; overflow-wrap: anywhere; }
.pgops table.grid caption { padding: 0.5rem 0.8rem; text-align: left; color: var(--soft); caption-side: top; }
.pgops table.grid th, .pgops table.grid td { padding: 0.36rem 0.8rem; text-align: left; vertical-align: top;
  white-space: nowrap; border: 0; border-bottom: 1px solid var(--line); background: none; }
.pgops table.grid th { position: sticky; top: 0; background: var(--sunken); color: var(--soft); font-weight: 600;
  font-size: 0.8rem; }
.pgops table.grid .right { text-align: right; font-variant-numeric: tabular-nums; }
.pgops table.grid .center { text-align: center; }
.pgops table.grid .wide { min-width: 14rem; max-width: 34rem; white-space: normal; overflow-wrap: anywhere; }
.pgops table.grid td.long > div { max-height: 8.5rem; overflow: auto; }
.pgops table.grid tbody tr { background: none; }
.pgops table.grid tbody tr:last-child td { border-bottom: 0; }
.pgops table.grid tbody tr:hover td { background: var(--sunken); }
.pgops .empty { color: var(--soft); font-style: italic; }

.pgops dl.pairs { display: grid; grid-template-columns: fit-content(16rem) minmax(0, 1fr); gap: 0.25rem 1.25rem;
  margin: 0.7rem 0; }
.pgops dl.pairs dt { margin: 0; color: var(--soft); font-weight: 400; overflow-wrap: anywhere; }
.pgops dl.pairs dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.pgops ul.items, .pgops ol.items { margin: 0.5rem 0; padding-left: 1.4rem; }
.pgops .items li { margin: 0.2rem 0; overflow-wrap: anywhere; }
.pgops ul.tree, .pgops ul.tree ul { margin: 0; padding: 0; list-style: none; }
.pgops ul.tree { margin: 0.7rem 0; padding: 0.55rem 0.9rem; background: var(--panel); border: 1px solid var(--line);
  border-radius: 7px; overflow-x: auto; }
.pgops ul.tree ul { margin-left: 0.5rem; padding-left: 1.1rem; }
.pgops ul.tree li { position: relative; margin: 0; padding: 0.12rem 0; overflow-wrap: anywhere; min-width: 12rem; }
.pgops ul.tree ul > li::before { content: ""; position: absolute; left: -1.1rem; top: 0; width: 0.8rem; height: 0.95rem;
  border: solid var(--rail); border-width: 0 0 1px 1px; }
.pgops ul.tree ul > li:not(:last-child)::after { content: ""; position: absolute; left: -1.1rem; top: 0; bottom: 0;
  border-left: 1px solid var(--rail); }

.pgops:has(input.show-critical:not(:checked)) .card.critical,
.pgops:has(input.show-warning:not(:checked)) .card.warning,
.pgops:has(input.show-info:not(:checked)) .card.info,
.pgops:has(input.show-good:not(:checked)) .card.good,
.pgops:has(input.show-muted:not(:checked)) .card.muted { display: none; }

@media (max-width: 40rem) {
  .pgops-page .pgops { padding: 1.25rem 0.9rem 3rem; }
  .pgops dl.pairs { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .pgops dl.pairs dd { margin-bottom: 0.5rem; }
  .pgops details.section > summary { flex-wrap: wrap; }
}
@media print {
  .pgops { --ground: #fff; font-size: 11px; }
  .pgops-page .pgops { max-width: none; padding: 0; }
  .pgops-page .strip { position: static; }
  .pgops .scroll, .pgops table.grid td.long > div { max-height: none; overflow: visible; }
  .pgops table.grid th { position: static; }
  .pgops label.tile input { display: none; }
  .pgops details::details-content { content-visibility: visible; height: auto; }
}
""".strip()
