"""What `apply` is given to go by: nothing, a plan that was reviewed, or a saved plan to carry out.

Each function answers with a prospect: a plan that holds only what may be made, and what was left out of it. The plan is
made afresh in all cases but one, `--trust-plan`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from dpsync import pipeline
from dpsync.cli.connect import connected, finished
from dpsync.cli.prospect import Prospect, asked_part, everything, prospect, settled
from dpsync.cli.shared import Wanted
from dpsync.cli.wishes import Wish
from dpsync.errors import UsageError
from dpsync.marketplace.client import ReadClient
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.fingerprint import plan_fingerprint
from dpsync.model.plan import Plan
from dpsync.pipeline.weighing import Weighed
from dpsync.planner import planfile
from dpsync.planner.reviewed import Reviewed, contained, from_digest, from_plan, only_reviewed, unmet

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
    try:
        return planfile.read(text)
    except UsageError as error:
        raise UsageError(f"{file}: {error.message}", error.remedy) from None


def expected(command: str, expect_plan: str | None, wish: Wish, wanted: Iterable[Wanted]) -> Prospect:
    """A fresh plan, with only the changes of the plan that was reviewed, where one is named by its file or digest."""
    if expect_plan is None:
        return prospect(command, wish, wanted)
    if expect_plan.startswith(DIGEST):
        return _all_or_nothing(prospect(command, wish, wanted), from_digest(expect_plan))
    _must_leave_the_part_to_the_file(wish)
    plan = read_plan(Path(expect_plan))
    reviewed = from_plan(plan)
    ahead = prospect(
        command,
        _allowing(wish, plan),
        wanted,
        lambda fresh: only_reviewed(fresh, reviewed),
        plan.part,
    )
    return _with_unmet(ahead, plan)


def _must_leave_the_part_to_the_file(wish: Wish) -> None:
    """Raise UsageError where a plan file and the command line both say what is planned."""
    given = [name for name, is_given in asked_part(wish).options.items() if is_given]
    if given:
        raise UsageError(
            f"A saved plan is applied to what it is about, and {' and '.join(given)} would say something else.",
            "Leave that out here, and give it to the `plan --out` that makes the file.",
        )


def saved(file: Path, wish: Wish, wanted: Iterable[Wanted]) -> Prospect:
    """A fresh plan, with the changes of the saved plan that it still has."""
    _must_leave_the_part_to_the_file(wish)
    plan = read_plan(file)
    ahead = prospect("apply", _allowing(wish, plan), wanted, lambda fresh: contained(plan, fresh), plan.part)
    return _with_unmet(ahead, plan)


def _with_unmet(ahead: Prospect, plan: Plan) -> Prospect:
    """The prospect; with a warning for what was reviewed, is not true, and that the manifests at hand do not ask for."""
    missing = unmet(plan, ahead.split.gone, ahead.known.asked.live)
    if not missing:
        return ahead
    finding = Finding(
        "not-asked-for",
        Severity.WARNING,
        f"Reviewed, and neither live nor asked for by these manifests: {', '.join(map(str, missing))}. Not applied.",
        "Is this the commit that was reviewed? Check it out, and apply again.",
    )
    gone = tuple(one for one in ahead.split.gone if one not in missing)
    found = replace(ahead.found, findings=in_order((*ahead.found.findings, finding)))
    return replace(ahead, found=found, split=replace(ahead.split, gone=gone, unmet=missing))


def trusted(file: Path, wish: Wish) -> Prospect:
    """The saved plan as it is. The workspace file still says where it goes and by which policy."""
    if wish.base is not None or wish.only is not None:
        raise UsageError(
            "--base and --only are about a plan that is made afresh, and --trust-plan carries FILE out as it is.",
            "Leave them out, or make another plan with them.",
        )
    if wish.policy_from is not None:
        raise UsageError(
            "--policy-from judges a plan by the rules of another revision, and --trust-plan carries FILE out unjudged.",
            "Leave one of them out.",
        )
    _must_leave_the_part_to_the_file(wish)
    plan = read_plan(file)
    settings, warnings = settled(_allowing(wish, plan))

    async def known() -> Weighed:
        async with connected(settings, ReadClient) as client:
            return await pipeline.trusted(settings, plan, client)

    weighed = finished(known())
    found = pipeline.Declared(weighed.asked.desired, warnings)
    return Prospect(settings, found, weighed, everything(plan))


def _all_or_nothing(ahead: Prospect, reviewed: Reviewed) -> Prospect:
    """The prospect if its plan as a whole is the one that was reviewed; otherwise one that makes nothing, and says so."""
    here = plan_fingerprint(ahead.plan)
    if here == reviewed.digest or not ahead.plan.changes:
        return ahead
    split = only_reviewed(ahead.plan, reviewed)
    finding = Finding(
        "not-reviewed",
        Severity.WARNING,
        f"This is not the plan that was reviewed: {reviewed.digest} was expected, and it is {here}. Nothing is made.",
        "Have this plan reviewed. `--expect-plan FILE`, with a plan saved by `plan --out`, makes what is left of that one.",
    )
    found = replace(ahead.found, findings=in_order((*ahead.found.findings, finding)))
    return replace(ahead, known=replace(ahead.known, plan=split.plan), split=split, found=found)


def _allowing(wish: Wish, plan: Plan) -> Wish:
    """The wish, with what the saved plan was allowed when it was made.

    With `--policy-from`, only that revision and this command line excuse anything: the file may come from elsewhere.
    """
    if wish.policy_from is not None:
        return wish
    return replace(wish, allow=tuple(dict.fromkeys((*wish.allow, *plan.allowed))))
