"""What `apply` is given to go by: nothing, a plan that was reviewed, or a saved plan to carry out.

Each function answers with a prospect: a plan that holds only what may be made, and what was left out of it. The plan is
made afresh in all cases but one, `--trust-plan`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from dpsync import pipeline
from dpsync.cli.connect import connected
from dpsync.cli.prospect import Prospect, everything, prospect, settled
from dpsync.cli.shared import Wanted
from dpsync.cli.wishes import Wish
from dpsync.errors import UsageError
from dpsync.marketplace.client import ReadClient
from dpsync.model.plan import Plan
from dpsync.pipeline.weighing import Weighed
from dpsync.planner import planfile
from dpsync.planner.reviewed import Reviewed, contained, from_digest, from_plan, only_reviewed

DIGEST = "sha256:"


def read_plan(file: Path) -> Plan:
    """The plan that a file holds. Raises UsageError."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(
            f"{file} is not a saved plan: it is not text.", "Save one with `plan --out FILE`."
        ) from None
    except OSError as error:
        raise UsageError(
            f"The plan {file} cannot be read: {error.strerror or error}.", "Save one with `plan --out FILE`."
        ) from None
    return planfile.read(text)


def expected(expect_plan: str | None, wish: Wish, wanted: Iterable[Wanted]) -> Prospect:
    """A fresh plan, with only the changes of the plan that was reviewed, where one is named by its file or digest."""
    if expect_plan is None:
        return prospect("apply", wish, wanted)
    if expect_plan.startswith(DIGEST):
        return _all_or_nothing(prospect("apply", wish, wanted), from_digest(expect_plan))
    plan = read_plan(Path(expect_plan))
    reviewed = from_plan(plan)
    return prospect("apply", _allowing(wish, plan), wanted, lambda fresh: only_reviewed(fresh, reviewed))


def saved(file: Path, wish: Wish, wanted: Iterable[Wanted]) -> Prospect:
    """A fresh plan, with the changes of the saved plan that it still has."""
    plan = read_plan(file)
    return prospect("apply", _allowing(wish, plan), wanted, lambda fresh: contained(plan, fresh))


def trusted(file: Path, wish: Wish) -> Prospect:
    """The saved plan as it is. The workspace file still says where it goes and by which policy."""
    plan = read_plan(file)
    settings, warnings = settled(_allowing(wish, plan))

    async def known() -> Weighed:
        async with connected(settings, ReadClient) as client:
            return await pipeline.trusted(settings, plan, client)

    weighed = asyncio.run(known())
    found = pipeline.Declared(weighed.asked.desired, warnings)
    return Prospect(settings, found, weighed, everything(plan))


def _all_or_nothing(ahead: Prospect, reviewed: Reviewed) -> Prospect:
    """The prospect if its plan as a whole is the one that was reviewed; otherwise one that makes nothing."""
    split = only_reviewed(ahead.plan, reviewed)
    return replace(ahead, known=replace(ahead.known, plan=split.plan), split=split)


def _allowing(wish: Wish, plan: Plan) -> Wish:
    """The wish, with what the saved plan was allowed when it was made."""
    return replace(wish, allow=tuple(dict.fromkeys((*wish.allow, *plan.allowed))))
