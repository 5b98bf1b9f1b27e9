"""A small page that draws a flow, one box in the other, and shows the state of a run while it goes on."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from json import dumps
from typing import Final

from flowlang.language.model import (
    ForEachStep,
    IfStep,
    ParallelStep,
    Step,
    SubflowStep,
    SwitchStep,
    TaskStep,
    WhileStep,
)
from flowlang.server.hosting import HostedFlow


def graph_page(hosted: HostedFlow) -> str:
    """The page; it needs nothing else, and draws text of the flow as text."""
    flow = hosted.flow
    blocks = [(title, steps) for title, steps in flow.blocks() if steps]
    body = "".join(
        (f"<h2>{escape(title)}</h2>" if title != "steps" else "") + _sequence(steps) for title, steps in blocks
    )
    script = _SCRIPT.replace("FLOW", dumps(flow.name).replace("<", "\\u003c"), 1)
    return _PAGE.format(
        title=escape(flow.name),
        about=escape(flow.description or ""),
        body=body,
        script=script,
        digest=b64encode(sha256(script.encode()).digest()).decode(),
    )


def _sequence(steps: Iterable[Step]) -> str:
    return f'<div class="sequence">{"".join(_step(step) for step in steps)}</div>'


def _step(step: Step) -> str:
    inner = "".join(_branch(title, steps) for title, steps in _parts(step))
    if step.on_error:
        inner += _branch("on error", step.on_error)
    what = f'<b>{escape(step.id)}</b> <small>{escape(_kind(step))}</small><i class="state"></i>'
    inside = f'<div class="branches">{inner}</div>' if inner else ""
    return f'<div class="step {step.kind}" data-step="{escape(step.id)}" data-line="{step.line}">{what}{inside}</div>'


def _branch(title: str, steps: Iterable[Step]) -> str:
    return f'<div class="branch"><span>{escape(title)}</span>{_sequence(steps)}</div>'


def _kind(step: Step) -> str:
    if isinstance(step, TaskStep):
        return step.task.text
    if isinstance(step, SubflowStep):
        return f"flow {step.flow.text}"
    return step.kind.replace("_", " ")


def _parts(step: Step) -> list[tuple[str, list[Step]]]:
    """The lists of steps inside a step, each with its name."""
    if isinstance(step, ParallelStep):
        return [("", [branch]) for branch in step.branches]
    if isinstance(step, IfStep):
        parts = [("then", step.then), *((f"elif {n}", one.then) for n, one in enumerate(step.elifs, 1))]
        return [*parts, *([("else", step.otherwise)] if step.otherwise else [])]
    if isinstance(step, SwitchStep):
        parts = [(f"case {n}", case.body) for n, case in enumerate(step.cases, 1)]
        return [*parts, *([] if step.default is None else [("default", step.default)])]
    if isinstance(step, (ForEachStep, WhileStep)):
        return [("each" if isinstance(step, ForEachStep) else "while", step.body)]
    return []


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';
 script-src 'sha256-{digest}'; connect-src 'self'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --line: #8888; }}
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; }}
.sequence {{ display: flex; flex-direction: column; gap: .5rem; align-items: flex-start; }}
.step {{ border: 1px solid var(--line); border-radius: .4rem; padding: .35rem .6rem; min-width: 9rem; }}
.branches {{ display: flex; gap: .6rem; margin-top: .4rem; align-items: flex-start; flex-wrap: wrap; }}
.branch > span, small {{ opacity: .65; }}
.state {{ float: right; font-style: normal; margin-left: .8rem; }}
.running {{ border-color: #d90; }} .succeeded {{ border-color: #2a5; }} .failed {{ border-color: #d33; }}
.skipped {{ opacity: .45; }}
#said {{ margin: 1rem 0; white-space: pre-wrap; }}
</style></head><body>
<h1>{title}</h1><p>{about}</p>
<p><label>Run: <select id="runs"><option value="">the latest</option></select></label></p>
<div id="said"></div>
{body}
<script>{script}</script></body></html>
"""

_SCRIPT: Final = """const flow = FLOW, runs = document.getElementById("runs"), said = document.getElementById("said");
const signs = {running: "▶", succeeded: "✓", failed: "✗", cancelled: "■", skipped: "–"};
let source = null, latest = null, shown = null;
function boxes(event) {
  return event.flow !== flow ? [] : document.querySelectorAll(
    `[data-step="${CSS.escape(event.step_id)}"][data-line="${event.line}"]`);
}
function show(event, state) {
  for (const box of boxes(event)) {
    box.classList.remove("running", "succeeded", "failed", "cancelled", "skipped");
    box.classList.add(state);
    box.querySelector(".state").textContent = signs[state] || state;
  }
}
function follow(id) {
  if (source) source.close();
  for (const state of document.querySelectorAll(".state")) state.textContent = "";
  for (const box of document.querySelectorAll(".step")) box.classList.remove(...Object.keys(signs));
  said.textContent = "";
  if (!id) return;
  source = new EventSource(`../../executions/${encodeURIComponent(id)}/events`);
  const on = (type, handle) => source.addEventListener(type, e => handle(JSON.parse(e.data)));
  on("step_started", e => show(e, "running"));
  on("step_completed", e => show(e, "succeeded"));
  on("step_failed", e => show(e, e.status));
  on("step_skipped", e => show(e, "skipped"));
  on("end", result => {
    source.close();
    said.textContent = result.error ? `${result.error_type}: ${result.error.message}` : result.status;
  });
}
async function list() {
  const answer = await fetch(`../../executions?flow=${encodeURIComponent(flow)}&limit=20`);
  if (!answer.ok) return;
  const chosen = runs.value;
  const known = await answer.json();
  const named = one => `${new Date(one.started * 1000).toLocaleString()}  ${one.status}  ${one.id}`;
  runs.replaceChildren(new Option("the latest", ""), ...known.map(one => new Option(named(one), one.id)));
  runs.value = chosen;
  latest = known.length ? known[0].id : null;
  if (!latest && !chosen) said.textContent = "It has not run yet.";
  choose();
}
function choose() {
  const id = runs.value || latest;
  if (id !== shown) follow(shown = id);
}
runs.addEventListener("change", choose);
list(); setInterval(list, 2000);
"""
