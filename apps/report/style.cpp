#include "style.h"

namespace segue::report {

// Colours of stages: s0 the source, s1 translated, s2 to s6 rounds, s7 the ceiling. They differ in lightness too, so that they
// can be told apart without colour vision, and stand out from either background by 3:1 at least.
const char* const kStyle = R"css(
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1c2330; --soft: #566074; --line: #d9dee6; --track: #e9edf2;
  --good: #0b6e4f; --bad: #b3261e; --note: #7a4b00; --note-page: #fff4dc;
  --c0: #757d8a; --c1: #2868b4; --c2: #0f8a6d; --c3: #c26a00; --c4: #b0428f; --c5: #6a4fc4; --c6: #8a5a2b; --c7: #1f2a3a; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161d; --card: #1a2029; --text: #e6eaf1; --soft: #a3adbd; --line: #303947; --track: #2a3240;
  --good: #5fd0a8; --bad: #ff8a80; --note: #ffd58a; --note-page: #33280f;
  --c0: #98a1b0; --c1: #6aaef5; --c2: #3fc4a0; --c3: #f0a03c; --c4: #e07fc4; --c5: #a48df0; --c6: #c9955f; --c7: #dfe6f2; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 0 0 4px; }
h3 { font-size: 1.05rem; margin: 22px 0 8px; }
h4 { font-size: .85rem; font-weight: 600; margin: 0 0 2px; color: var(--soft); }
p { margin: 6px 0 12px; max-width: 75ch; }
.soft { color: var(--soft); }
.kind { font-size: .8rem; font-weight: 600; letter-spacing: .04em; text-transform: uppercase; color: var(--soft); margin: 0 0 2px; }
.state { display: inline-block; vertical-align: middle; border: 1px solid currentColor; border-radius: 999px; padding: 0 10px;
  font-size: .8rem; font-weight: 600; line-height: 1.6; margin-left: 8px; }
.state.done { color: var(--good); } .state.open { color: var(--note); }
.lead { font-size: 1.12rem; margin: 14px 0; max-width: 68ch; }
nav { margin: 6px 0 18px; font-size: .9rem; } nav a { color: var(--c1); margin-right: 14px; white-space: nowrap; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px; margin: 0 0 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; margin: 16px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px; border-top: 4px solid var(--line); }
.tile .value { display: block; font-size: 1.7rem; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile .what, .lead, h3, summary, .legend span, header p { overflow-wrap: anywhere; } .tile { min-width: 0; } .legend span { min-width: 0; }
.tile .what { font-size: .85rem; color: var(--soft); }
.tile.c0 { border-top-color: var(--c0); } .tile.c1 { border-top-color: var(--c1); } .tile.c2 { border-top-color: var(--c2); }
.tile.c3 { border-top-color: var(--c3); } .tile.c4 { border-top-color: var(--c4); } .tile.c5 { border-top-color: var(--c5); }
.tile.c6 { border-top-color: var(--c6); } .tile.c7 { border-top-color: var(--c7); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: middle; }
thead th { color: var(--soft); font-weight: 600; font-size: .82rem; vertical-align: bottom; border-bottom-width: 2px; }
tbody th { font-weight: 500; } tr.mean th, tr.mean td { border-top: 2px solid var(--line); font-weight: 650; }
td.n, th.n { text-align: right; white-space: nowrap; }
table.even { table-layout: fixed; min-width: 640px; } table.even th:first-child { width: 10.5em; overflow-wrap: anywhere; }
table.even thead th.n { white-space: normal; }
td.bars { min-width: 84px; } td.bars .n { display: block; text-align: right; line-height: 1.25; }
.up { color: var(--good); } .down { color: var(--bad); }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 8px; vertical-align: -1px; }
svg { display: block; } svg.bar { width: 100%; height: 7px; border-radius: 3px; } svg.bar .track { fill: var(--track); }
svg.swatch { display: inline-block; } svg.histogram { width: 170px; height: 32px; }
.s0 { fill: var(--c0); } .s1 { fill: var(--c1); } .s2 { fill: var(--c2); } .s3 { fill: var(--c3); }
.s4 { fill: var(--c4); } .s5 { fill: var(--c5); } .s6 { fill: var(--c6); } .s7 { fill: var(--c7); }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); } .line.c3 { stroke: var(--c3); }
.line.c4 { stroke: var(--c4); } .line.c5 { stroke: var(--c5); } .line.c6 { stroke: var(--c6); } .line.c7 { stroke: var(--c7); }
.kept { fill: var(--c2); } .dropped { fill: var(--c0); opacity: .55; } .threshold { stroke: var(--text); stroke-width: 1; stroke-dasharray: 3 2; }
.base { stroke: var(--line); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 16px 20px; }
figure { margin: 0; min-width: 0; } figcaption { font-size: .82rem; color: var(--soft); overflow-wrap: anywhere; }
.chart svg[role=img] { width: 100%; height: auto; } .axes path { stroke: var(--line); fill: none; } .axes text { fill: var(--soft); font-size: 11px; }
.key { display: inline-block; margin-right: 12px; } .key .last { color: var(--text); font-variant-numeric: tabular-nums; }
svg.dot { display: inline-block; width: 10px; height: 10px; margin-right: 5px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 14px; align-items: start; margin: 6px 0 20px; }
.pictures.n3 { grid-template-columns: repeat(auto-fill, minmax(min(100%, max(220px, 30%)), 1fr)); }
.pictures.n4 { grid-template-columns: repeat(auto-fill, minmax(max(200px, 22%), 1fr)); }
.pictures.n5 { grid-template-columns: repeat(auto-fill, minmax(max(170px, 17%), 1fr)); }
.pictures.large { grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); }
.pictures img { display: block; width: 100%; height: auto; border-radius: 6px; border: 1px solid var(--line); margin-bottom: 4px; }
img.ids { image-rendering: pixelated; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: .85rem; color: var(--soft); margin: 4px 0 14px; }
pre { overflow-x: auto; font: .8rem/1.5 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; background: var(--page); border: 1px solid var(--line);
  border-radius: 8px; padding: 12px; margin: 8px 0; }
code { font: .9em ui-monospace, "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }
details { margin: 8px 0; } summary { cursor: pointer; font-weight: 600; } summary:focus-visible, a:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; }
.notes { background: var(--note-page); border-color: var(--note); } .notes li { overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: .85rem; padding-bottom: 40px; }
@media print {
  :root { color-scheme: light; --page: #ffffff; --card: #ffffff; --text: #000000; --soft: #444444; --line: #bbbbbb; --track: #e9edf2;
    --good: #0b6e4f; --bad: #b3261e; --note: #7a4b00; --note-page: #ffffff;
    --c0: #757d8a; --c1: #2868b4; --c2: #0f8a6d; --c3: #c26a00; --c4: #b0428f; --c5: #6a4fc4; --c6: #8a5a2b; --c7: #1f2a3a; }
  body { font-size: 10.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  nav { display: none; } main, header, footer { max-width: none; padding: 0; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 12px 0; }
  .tile, figure, tr, .notes { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .wide { overflow: visible; } pre { white-space: pre-wrap; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
)css";

}  // namespace segue::report
