"""Past runs as JSON: for machines. The fields are a contract, and `docs/history.md` documents every one of them.

Fields are added, never renamed or given another meaning. Every character outside ASCII is written as an escape.
"""

from __future__ import annotations

import json
from typing import Any

from dpsync.model.history import CallResult, History, PastCall, PastRun

FORMAT_VERSION = "1.1"


def history_as_json(past: History) -> str:
    """Every run, without its calls; and what there is to say about journals that cannot be read."""
    runs = [_run(run) for run in past.runs]
    return _dumped({"format_version": FORMAT_VERSION, "runs": runs, "unreadable": list(past.unreadable)})


def run_as_json(run: PastRun) -> str:
    """One run with all of its calls."""
    calls = [_call(call) for call in run.calls]
    return _dumped({"format_version": FORMAT_VERSION, "run": _run(run), "calls": calls})


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def _run(run: PastRun) -> dict[str, Any]:
    return {
        "run": run.run,
        "id": run.id,
        "at": run.at,
        "who": run.who,
        "command": run.command,
        "dpsync_version": run.version,
        "target": {
            "workspace": run.target.workspace,
            "workspace_id": run.target.workspace_id,
            "environment": run.target.environment,
            "url": run.target.url,
            "tenant": run.target.tenant,
        },
        "commit": run.commit,
        "dirty": run.dirty,
        "fingerprint": run.fingerprint,
        "undoes": run.undoes,
        "finished": run.finished,
        "complete": run.complete,
        "whole": run.whole,
        "left": run.left,
        "interrupted": run.interrupted,
        "ending": run.ending,
        "counts": {
            "calls": len(run.calls),
            **{result.value: run.results.get(result, 0) for result in CallResult},
        },
        "file": run.file,
    }


def _call(call: PastCall) -> dict[str, Any]:
    return {
        "sequence": call.sequence,
        "at": call.at,
        "address": call.address,
        "id": call.id,
        "title": call.title,
        "action": call.action,
        "method": call.method,
        "path": call.path,
        "result": call.result.value,
        "error": call.error or None,
        "message": call.message or None,
        "fields": None if call.fields is None else list(call.fields),
        "before": call.before,
        "after": call.after,
        "approved": call.approved,
        "origin": None if call.origin is None else {"file": call.origin.file, "line": call.origin.line},
        "line": call.line,
    }
