"""The style of a plan's tree, on top of the page's. Colours are the page's variables: the dark scheme comes along."""

from __future__ import annotations

PLAN_STYLE = """
.pgops .plan { overflow-x: auto; }
.pgops .plan .legend { display: flex; justify-content: flex-end; gap: 0.6rem; color: var(--soft); font-size: 0.78rem; }
.pgops .plan .bar-head { width: 8.5rem; padding-right: 0.5rem; text-align: right; white-space: nowrap; }
.pgops .plan ul { list-style: none; margin: 0; padding: 0 0 0 1.15rem; }
.pgops .plan ul.nodes { padding: 0; min-width: 46rem; }
.pgops .plan li { position: relative; margin: 0; padding: 0; }
.pgops .plan ul ul > li::before { content: ""; position: absolute; left: -0.65rem; top: 0; bottom: 0;
  border-left: 1px solid var(--rail); }
.pgops .plan ul ul > li:last-child::before { bottom: auto; height: 1.25rem; }
.pgops .plan ul ul > li::after { content: ""; position: absolute; left: -0.65rem; top: 1.25rem; width: 0.55rem;
  border-top: 1px solid var(--rail); }
.pgops .plan details.node { margin: 0.22rem 0; background: var(--panel); border: 1px solid var(--line);
  border-left: 3px solid var(--line); border-radius: 6px; }
.pgops .plan details.node.warning { border-left-color: var(--warning); }
.pgops .plan details.node.critical { border-left-color: var(--critical); }
.pgops .plan details.node.info { border-left-color: var(--info); }
.pgops .plan details.node.never { opacity: 0.6; }
.pgops .plan details.node > summary { display: flex; align-items: center; gap: 0.75rem; padding: 0.3rem 0.5rem;
  cursor: pointer; list-style: none; }
.pgops .plan details.node > summary::-webkit-details-marker { display: none; }
.pgops .plan details.node > summary::before { content: none; }
.pgops .plan .what { flex: 1 1 auto; min-width: 0; display: flex; gap: 0.5rem; align-items: baseline; }
.pgops .plan .number { color: var(--soft); font-size: 0.78rem; font-variant-numeric: tabular-nums; }
.pgops .plan .name { min-width: 0; font-weight: 600; font-size: 0.92rem; overflow-wrap: anywhere;
  unicode-bidi: isolate; }
.pgops .plan .of { font-weight: 400; color: var(--soft); }
.pgops .plan .condition { display: block; font: 400 0.8rem/1.4 var(--mono); color: var(--soft); overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; max-width: 34rem; unicode-bidi: isolate; }
.pgops .plan details[open] > summary .condition { display: none; }
.pgops .plan .figures { flex: none; display: flex; gap: 0.6rem; align-items: center; }
.pgops .plan .rows { color: var(--soft); font-size: 0.8rem; font-variant-numeric: tabular-nums; text-align: right;
  white-space: nowrap; }
.pgops .plan .bar { position: relative; flex: none; width: 8.5rem; height: 1.35rem; border-radius: 4px;
  overflow: hidden; background: var(--sunken); border: 1px solid var(--line); }
.pgops .plan .bar i { position: absolute; left: 0; top: 0; bottom: 0; }
.pgops .plan .bar.time i { background: var(--warning-ground); box-shadow: inset 0 -3px var(--warning); }
.pgops .plan .bar.blocks i { background: var(--info-ground); box-shadow: inset 0 -3px var(--info); }
.pgops .plan .bar.cost i { background: var(--muted-ground); box-shadow: inset 0 -3px var(--muted); }
.pgops .plan .bar b { position: relative; display: block; padding: 0 0.4rem; text-align: right; font-weight: 500;
  font-size: 0.8rem; line-height: 1.3rem; font-variant-numeric: tabular-nums; }
.pgops .plan dl.of-node { margin: 0; padding: 0.4rem 0.7rem 0.6rem 2rem; border-top: 1px solid var(--line);
  font-size: 0.85rem; }
.pgops .plan dl.of-node > div { display: flex; gap: 0.75rem; padding: 0.1rem 0; }
.pgops .plan dl.of-node dt { flex: 0 0 13rem; color: var(--soft); margin: 0; }
.pgops .plan dl.of-node dd { margin: 0; min-width: 0; overflow-wrap: anywhere; font-family: var(--mono);
  font-size: 0.95em; }
@media (max-width: 60rem) {
  .pgops .plan ul.nodes { min-width: 0; }
  .pgops .plan ul { padding-left: 0.7rem; }
  .pgops .plan ul ul > li::before { left: -0.4rem; }
  .pgops .plan ul ul > li::after { left: -0.4rem; width: 0.3rem; }
  .pgops .plan details.node > summary { flex-wrap: wrap; gap: 0.25rem 0.75rem; }
  .pgops .plan .figures { flex: 1 1 auto; flex-wrap: wrap; justify-content: flex-end; }
  .pgops .plan .condition { max-width: 80vw; }
  .pgops .plan .bar, .pgops .plan .bar-head { width: 6.5rem; }
  .pgops .plan dl.of-node { padding-left: 0.7rem; }
  .pgops .plan dl.of-node dt { flex-basis: 8rem; }
}
@media (max-width: 36rem) { .pgops .plan .rows { flex: 1 0 100%; } }
@media print { .pgops .plan { overflow: visible; } .pgops .plan ul.nodes { min-width: 0; } }
""".strip()
