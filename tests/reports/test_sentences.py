"""The summary lines are a contract: these tests are where it is written down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dpsync.model.access import Accesses
from dpsync.model.change import Change, Provenance
from dpsync.model.outcome import Outcome, Result
from dpsync.model.plan import Plan
from dpsync.model.report import Report
from dpsync.reports.people import takes_access
from dpsync.reports.sentences import fingerprint_line, groups, moment, not_declared, sign, verdict
from reports.builders import (
    BLOCKED,
    CLICKS,
    DRIFT,
    EVERYTHING,
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
        (
            replace(report(SALES), unreviewed=(MOVE, OLD)),
            "Plan: 0 to create, 1 to update, 0 to delete. 2 not reviewed.",
        ),
        (replace(report(), unreviewed=(MOVE,)), "No changes to apply. 1 not reviewed."),
        (
            replace(applied(Outcome(SALES, Result.DONE)), unreviewed=(MOVE,)),
            "Apply complete: 0 created, 1 updated, 0 deleted. 1 not reviewed.",
        ),
        (DRIFT, "Drift: 1 missing, 2 changed, 1 that should be gone."),
        (Report("drift", "1", Plan(TARGET)), "No drift. The marketplace is as the base says."),
        (
            Report("drift", "1", Plan(TARGET, complete=False)),
            "No drift found, but not everything could be read.",
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


def test_declared_changes_come_first_and_the_others_are_counted() -> None:
    headings = [heading.partition(",")[0] for heading, _ in groups(EVERYTHING)]
    assert headings == ["", "By match", "Drifted", "Left over"]
    assert not_declared(EVERYTHING) == (
        "3 of 11 changes are not from these manifests: 1 by match, 1 drifted, 1 left over."
    )
    assert sum(len(changes) for _, changes in groups(EVERYTHING)) == 11


def test_without_a_base_nothing_is_said_about_where_changes_come_from() -> None:
    assert groups(report(SALES, OLD)) == (("", (SALES, OLD)),)
    assert not_declared(report(SALES, OLD)) == ""
    assert not_declared(report(replace(SALES, provenance=Provenance.DECLARED))) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-11-20T14:03:59.123Z", "2026-11-20 14:03 UTC"),
        ("2026-11-20T01:00:00+02:00", "2026-11-19 23:00 UTC"),
        ("2026-11-20T01:00:00", "2026-11-20 01:00 UTC"),
        ("yesterday", "yesterday"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("", ""),
    ],
)
def test_times_are_written_to_the_minute_and_never_guessed(text: str, words: str) -> None:
    assert moment(text) == words


def test_a_fingerprint_stands_only_where_there_is_something_to_make() -> None:
    assert fingerprint_line(report(SALES)).startswith("Plan fingerprint: sha256:")
    for shown in (report(), report(BLOCKED), DRIFT, VALID, applied(Outcome(SALES, Result.DONE))):
        assert not fingerprint_line(shown)
