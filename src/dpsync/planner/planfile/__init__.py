"""Saved plans: a plan as a file and back, `read(dump(plan)) == plan` (DESIGN 5; docs/plan-file.md says every field).

A room of its own because the file outlives the dpsync that made it: its fields are a contract, its version refuses what
this dpsync would misread, its checksum finds accidents. It finds no attackers: who changes a file on purpose can make the
checksum, too. What a reviewer said yes to is a fingerprint, kept where the file is not (`planner/reviewed.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

from dpsync.errors import UsageError
from dpsync.model.fingerprint import canonical, plan_fingerprint
from dpsync.model.plan import Plan
from dpsync.planner.planfile.parts import packed_plan, unpacked_plan
from dpsync.planner.planfile.values import Unreadable

FORMAT_VERSION: Final = "1.1"
"""A field that is added raises the second number; a change that a reader could misunderstand raises the first."""

_MAKE_ANEW: Final = "Make it anew with `dpsync plan --out FILE`."


def dump(plan: Plan) -> str:
    """The plan as the text of a file: JSON in ASCII, the same bytes for the same plan, a line break at the end.

    Of the token nothing is in it; names of people only where an impact holds them (`--show-members`).
    """
    body = {"fingerprint": plan_fingerprint(plan), **packed_plan(plan)}
    whole = {"format_version": FORMAT_VERSION, "checksum": _checksum(body), **body}
    return json.dumps(whole, indent=1, ensure_ascii=True) + "\n"


def read(text: str) -> Plan:
    """The plan that was saved as this text. Raises UsageError if there is none that this dpsync can carry out."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise UsageError(f"This is not a saved plan: it is not JSON ({where}).", _NAME_ANOTHER) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"This is not a saved plan: it is not JSON ({error}).", _NAME_ANOTHER) from None
    version = whole.get("format_version") if isinstance(whole, dict) else None
    if not isinstance(version, str) or not re.fullmatch(r"\d+\.\d+", version):
        raise UsageError("This is not a saved plan: it has no `format_version`.", _NAME_ANOTHER)
    if "command" in whole:
        raise UsageError("This is not a saved plan: it is a report for machines.", _NAME_ANOTHER)
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        newer = int(version.partition(".")[0]) > int(FORMAT_VERSION.partition(".")[0])
        raise UsageError(
            f"This saved plan was made by {'a newer' if newer else 'an older'} dpsync: its format is {version}, "
            f"and this dpsync reads {FORMAT_VERSION}.",
            "Update dpsync here, or make the plan with the dpsync that applies it." if newer else _MAKE_ANEW,
        )
    if "checksum" not in whole:
        raise UsageError("This is not a saved plan: it has no `checksum`.", _NAME_ANOTHER)
    body = {name: value for name, value in whole.items() if name not in {"format_version", "checksum"}}
    if _checksum(body) != whole["checksum"]:
        raise UsageError(
            "This saved plan was changed after it was made: its checksum is that of another text.",
            _MAKE_ANEW,
        )
    return _plan(body, version)


def _plan(body: dict[str, Any], version: str) -> Plan:
    said = body.pop("fingerprint", None)
    try:
        plan = unpacked_plan(body)
    except Unreadable as problem:
        raise _refused(version, str(problem)) from None
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise _refused(version, f"a value is not what this dpsync expects ({error})") from None
    if plan_fingerprint(plan) != said:
        raise _refused(version, "the plan is not what its fingerprint says")
    return plan


def _refused(version: str, problem: str) -> UsageError:
    if version == FORMAT_VERSION:
        return UsageError(f"This saved plan was changed after it was made: {problem}.", _MAKE_ANEW)
    return UsageError(
        f"This saved plan was made by another dpsync (its format is {version}, and this dpsync writes "
        f"{FORMAT_VERSION}): {problem}.",
        "Apply it with the dpsync that made it, or make it anew with `dpsync plan --out FILE`.",
    )


def _checksum(body: dict[str, Any]) -> str:
    """Without `sha256:` before it, so that nobody takes it for the fingerprint that is reviewed."""
    return hashlib.sha256(canonical(body).encode("ascii")).hexdigest()


_NAME_ANOTHER: Final = "Name a file that `dpsync plan --out FILE` made."
