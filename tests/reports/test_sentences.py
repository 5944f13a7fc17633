"""The summary lines are a contract: these tests are where it is written down."""

from __future__ import annotations

import pytest

from dpsync.model.access import Accesses
from dpsync.model.change import Change
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.model.report import Report
from dpsync.reports.sentences import sign, takes_access, verdict
from reports.builders import (
    BLOCKED,
    CLICKS,
    INVALID,
    MOVE,
    OLD,
    OLD_FORM,
    RENAME,
    SALES,
    SUSPENSION,
    TARGET,
    VALID,
    WARNING,
    report,
)


def applied(*outcomes: Outcome, interrupted: bool = False) -> Report:
    changes = tuple(outcome.change for outcome in outcomes)
    return Report("apply", "1", Plan(TARGET, changes), outcomes, interrupted=interrupted)


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (report(CLICKS, SALES, OLD), "Plan: 1 to create, 1 to update, 1 to delete."),
        (report(SALES, BLOCKED), "Plan: 0 to create, 1 to update, 0 to delete. 1 blocked."),
        (report(), "No changes. The marketplace matches the manifests."),
        (report(BLOCKED), "No changes to apply. 1 blocked."),
        (
            applied(Outcome(CLICKS, Result.DONE), Outcome(SALES, Result.DONE), Outcome(OLD, Result.DONE)),
            "Apply complete: 1 created, 1 updated, 1 deleted.",
        ),
        (
            applied(Outcome(CLICKS, Result.DONE), Outcome(SALES, Result.FAILED), Outcome(OLD, Result.STALE)),
            "Apply did not complete: 1 created, 0 updated, 0 deleted; 1 failed, 1 stale.",
        ),
        (
            applied(Outcome(RENAME, Result.ALREADY)),
            "Apply complete: 0 created, 0 updated, 0 deleted. 1 was already so.",
        ),
        (
            Report("apply", "1", Plan(TARGET), ()),
            "No changes. The marketplace matches the manifests.",
        ),
        (VALID, "Valid: 27 data products, 1 request form."),
        (INVALID, "Not valid: 1 error, 1 warning."),
        (
            Report("validate", "1", findings=(WARNING,), declared={"Domain": 2}),
            "Valid: 2 domains. 1 warning.",
        ),
    ],
)
def test_the_summary_line_is_frozen(shown: Report, line: str) -> None:
    assert verdict(shown) == line


@pytest.mark.parametrize(
    ("change", "expected"),
    [(CLICKS, "+"), (SALES, "~"), (OLD, "-"), (RENAME, "→"), (BLOCKED, "!")],
)
def test_each_change_has_its_sign(change: Change, expected: str) -> None:
    assert sign(change) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [(SALES, True), (SUSPENSION, True), (MOVE, True), (CLICKS, False), (OLD, False), (OLD_FORM, False)],
)
def test_access_is_taken_where_somebody_may_have_some(change: Change, expected: bool) -> None:
    assert takes_access(change) is expected


def test_an_unknown_number_of_accesses_counts_as_some() -> None:
    assert MOVE.before is not None
    assert MOVE.before.accesses == Accesses(None)
    assert takes_access(MOVE)
