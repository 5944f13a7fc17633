"""The rules about people and about reach, asked about changes whose impact was worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.asking import ANYTHING_GOES, NOW
from dpsync.checks import (
    delete_with_members,
    retire_before_delete,
    source_removal,
    sources_by_match,
    too_many_deletes,
    wide_reach,
)
from dpsync.checks.rule import Planned, Rule
from dpsync.model.access import Accesses
from dpsync.model.call import Action
from dpsync.model.change import Change, FieldChange, SourceChange
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Impact, People, SourceImpact
from dpsync.model.place import Layer, Origin
from dpsync.model.plan import Plan
from dpsync.model.policy import Policy
from dpsync.model.reference import Reference, SourceReference
from planner.states import TARGET, agreement, change, desired, form, live, live_form

ORDERS = SourceReference("path", "ANALYTICS.SALES.ORDERS", id="1")
ITEMS = SourceReference("path", "ANALYTICS.SALES.ORDER_ITEMS", id="2")
UNREAD = Impact(members=None, ended=None, exceptions=None, pending=None, products=None)


def people(number: int) -> frozenset[str]:
    return frozenset(f"u-{one}" for one in range(number))


def ask(
    rule: Rule, *changes: Change, owned: int = 0, policy: Policy = ANYTHING_GOES, **numbers: float
) -> tuple[Finding, ...]:
    plan = Plan(TARGET, changes, owned=owned)
    asked = Planned(desired(), live(), plan, policy, NOW)
    return tuple(rule.check(asked, {**rule.defaults, **numbers}))


def only(findings: tuple[Finding, ...]) -> Finding:
    (finding,) = findings
    return finding


def with_accesses(one: Change, approved: int | None) -> Change:
    assert one.before is not None
    return replace(one, before=replace(one.before, accesses=Accesses(approved, 0)))


def with_spec(one: Change, **values: Any) -> Change:
    assert one.before is not None
    return replace(one, before=replace(one.before, spec=one.before.spec.with_values(**values)))


# delete-with-members


def deleting(impact: Impact | None, approved: int | None = 0) -> Change:
    return with_accesses(replace(change("p", Action.DELETE), impact=impact), approved)


@pytest.mark.parametrize(
    ("impact", "approved", "says"),
    [
        (Impact(members=people(3), ended=3), 9, "the access of 3 members would end for good"),
        (
            Impact(members=people(1), ended=1, exceptions=2),
            3,
            "the access of 1 member and 2 masking exceptions would end for good",
        ),
        (
            Impact(members=people(2), ended=2, exceptions=1, pending=1),
            2,
            "the access of 2 members, 1 masking exception and 1 pending request would end for good",
        ),
        (Impact(members=frozenset(), ended=2), 2, "2 approved accesses would end for good"),
        (Impact(members=None, ended=4), 4, "4 approved accesses would end for good"),
        (UNREAD, None, "an unknown number of accesses would end for good"),
        (None, 1, "1 approved access would end for good"),
        (None, None, "an unknown number of accesses would end for good"),
    ],
)
def test_a_delete_says_what_it_ends(impact: Impact | None, approved: int | None, says: str) -> None:
    finding = only(ask(delete_with_members.RULE, deleting(impact, approved)))
    assert finding.severity is Severity.ERROR
    assert says in finding.message
    assert "--allow delete-with-members:DataProduct/p" in finding.remedy


@pytest.mark.parametrize("impact", [None, Impact(), Impact(pending=2)])
def test_a_delete_that_ends_no_access_passes(impact: Impact | None) -> None:
    assert ask(delete_with_members.RULE, deleting(impact)) == ()


def test_a_suspended_product_is_not_deleted_over_its_approvals() -> None:
    suspended = with_spec(deleting(Impact(ended=2), 2), lifecycle="suspended")
    finding = only(ask(delete_with_members.RULE, suspended))
    assert "Suspend it" not in finding.remedy


# source-removal


def removing(impact: Impact | None, approved: int | None = 0, *gone: SourceReference) -> Change:
    one = replace(change("p"), impact=impact, sources=SourceChange(removed=gone or (ITEMS,)))
    return with_accesses(one, approved)


def losing(who: People, source: SourceReference = ITEMS, **more: Any) -> Impact:
    members = who if who is None else who | people(40)
    return Impact(lost=(SourceImpact(source, who, **more),), members=members)


@pytest.mark.parametrize(
    ("impact", "approved", "severity"),
    [
        (losing(people(1)), 0, Severity.WARNING),
        (losing(people(25)), 0, Severity.WARNING),
        (losing(people(26)), 0, Severity.ERROR),
        (losing(None), 3, Severity.ERROR),
        (None, 25, Severity.WARNING),
        (None, 26, Severity.ERROR),
        (None, None, Severity.ERROR),
    ],
)
def test_a_removal_is_judged_by_how_many_lose_something(
    impact: Impact | None, approved: int | None, severity: Severity
) -> None:
    assert only(ask(source_removal.RULE, removing(impact, approved))).severity is severity


@pytest.mark.parametrize(("impact", "approved"), [(losing(frozenset()), 9), (None, 0)])
def test_a_removal_that_nobody_notices_passes(impact: Impact | None, approved: int) -> None:
    assert ask(source_removal.RULE, removing(impact, approved)) == ()


def test_nobody_who_loses_two_sources_is_counted_twice() -> None:
    lost = (
        SourceImpact(ITEMS, people(2), frozenset({"u-9"}), ("Everything",)),
        SourceImpact(ORDERS, people(3)),
    )
    found = only(ask(source_removal.RULE, removing(Impact(lost=lost, members=people(9)), 9, ITEMS, ORDERS)))
    assert found.message == "3 people lose at least one of 2 sources of 'P'."


def test_what_a_suspension_in_the_same_change_takes_is_not_asked_here() -> None:
    lost = (SourceImpact(ORDERS, people(40)), SourceImpact(ITEMS, people(2)))
    found = only(ask(source_removal.RULE, removing(Impact(lost=lost, members=people(40)), 40)))
    assert found.severity is Severity.WARNING
    assert found.message == "2 people lose ANALYTICS.SALES.ORDER_ITEMS of 'P'."


def test_a_suspension_alone_passes() -> None:
    suspended = replace(
        change("p"),
        fields=(FieldChange("lifecycle", "active", "suspended"),),
        impact=Impact(lost=(SourceImpact(ORDERS, people(40)),), members=people(40)),
    )
    assert ask(source_removal.RULE, suspended) == ()


@pytest.mark.parametrize(
    ("members", "severity"),
    [(people(2), Severity.WARNING), (people(30), Severity.ERROR), (None, Severity.ERROR)],
)
def test_a_move_counts_every_member(members: People, severity: Severity) -> None:
    moved = replace(
        change("p"),
        fields=(FieldChange("domain", Reference("Sales"), Reference("Finance")),),
        impact=Impact(members=members, uncertain="what they keep is not known"),
    )
    finding = only(ask(source_removal.RULE, moved))
    assert finding.severity is severity
    assert finding.message.startswith("Moving 'P' to another domain may take all of it from")


def test_the_limit_of_a_removal_can_be_set() -> None:
    assert only(ask(source_removal.RULE, removing(losing(people(2))), members=1)).is_error


# sources-by-match

SENSITIVE = Policy(sensitive_tags=("Discovered.PII*",))
GONE = replace(ITEMS, by_match=True)


def coming(impact: Impact | None, source: SourceReference = GONE) -> Change:
    return replace(change("p"), impact=impact, sources=SourceChange(added=(source,)))


@pytest.mark.parametrize(
    "impact", [Impact(members=people(1), lost=(SourceImpact(GONE, people(1)),)), UNREAD, None]
)
def test_a_source_that_goes_by_match_is_kept_while_there_are_members(impact: Impact | None) -> None:
    finding = only(ask(sources_by_match.RULE, removing(impact, 3, GONE)))
    assert finding.is_error
    assert "left its domain and goes by match" in finding.message


@pytest.mark.parametrize(
    "gone", [removing(Impact(), 0, GONE), removing(None, 0, GONE), removing(losing(people(3)), 3, ITEMS)]
)
def test_a_source_that_nobody_has_or_that_the_manifest_removed_may_go(gone: Change) -> None:
    assert ask(sources_by_match.RULE, gone) == ()


@pytest.mark.parametrize(
    ("impact", "says"),
    [
        (Impact(gained=(SourceImpact(GONE, tags=("Discovered.PII",)),)), "is tagged Discovered.PII."),
        (
            Impact(gained=(SourceImpact(GONE, tags=("Discovered.PII",), columns=("email", "phone")),)),
            "is tagged Discovered.PII (on email, phone).",
        ),
        (Impact(gained=(SourceImpact(GONE, tags=None),)), "is not known"),
        (None, "is not known"),
    ],
)
def test_a_sensitive_source_does_not_come_by_match(impact: Impact | None, says: str) -> None:
    finding = only(ask(sources_by_match.RULE, coming(impact), policy=SENSITIVE))
    assert finding.is_error
    assert says in finding.message


def test_a_source_without_sensitive_tags_may_come_by_match() -> None:
    harmless = coming(Impact(gained=(SourceImpact(GONE, tags=()),)))
    listed = coming(Impact(gained=(SourceImpact(ITEMS, tags=("Discovered.PII",)),)), ITEMS)
    assert ask(sources_by_match.RULE, harmless, listed, policy=SENSITIVE) == ()


def test_without_sensitive_tags_in_the_policy_nothing_is_sensitive() -> None:
    assert ask(sources_by_match.RULE, coming(None), coming(UNREAD)) == ()


# wide-reach


def shared(reached: int | None) -> Change:
    resource = form("standard")
    return Change(
        resource.address,
        resource.id,
        resource.title,
        (Action.UPDATE,),
        live_form(resource.id, resource.title),
        resource,
        fields=(FieldChange("name", "A", "B"),),
        impact=None if reached is None else Impact(products=reached),
    )


def test_a_form_that_many_products_share_is_not_changed() -> None:
    assert ask(wide_reach.RULE, shared(25)) == ()
    assert "reaches 26 data products; at most 25" in only(ask(wide_reach.RULE, shared(26))).message
    assert "an unknown number" in only(ask(wide_reach.RULE, shared(None))).message


def test_an_agreement_counts_like_a_form() -> None:
    terms = agreement("terms")
    changed = replace(shared(26), address=terms.address, after=terms)
    assert only(ask(wide_reach.RULE, changed)).address == terms.address


def inheriting(key: str, file: str = "domains.yaml", layer: Layer = Layer.DEFAULT) -> Change:
    return replace(
        change(key),
        fields=(FieldChange("subjectMatterExpert", None, None, origin=Origin(file, 7, 3, layer)),),
    )


def test_the_defaults_of_a_domain_count_by_the_products_that_they_change() -> None:
    many = tuple(inheriting(f"p{number}") for number in range(3))
    assert ask(wide_reach.RULE, *many, products=3) == ()
    found = ask(wide_reach.RULE, *many, inheriting("q", layer=Layer.DOCUMENT), products=2)
    assert [finding.address for finding in found] == [one.address for one in many]
    assert len({finding.message for finding in found}) == 1
    assert "domains.yaml) change 3 data products; at most 2" in found[0].message


def test_defaults_of_two_files_are_counted_apart() -> None:
    assert ask(wide_reach.RULE, inheriting("p"), inheriting("q", "others.yaml"), products=1) == ()


# retire-before-delete


def old(days: float, lifecycle: str = "suspended", revision: str | None = None) -> Change:
    one = with_spec(change("p", Action.DELETE), lifecycle=lifecycle)
    assert one.before is not None
    moment = (NOW - timedelta(days=days)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    return replace(one, before=replace(one.before, revision=moment if revision is None else revision))


def test_a_product_is_deleted_after_days_of_suspension() -> None:
    assert ask(retire_before_delete.RULE, old(14)) == ()
    assert "is not suspended" in only(ask(retire_before_delete.RULE, old(99, "active"))).message


def test_a_change_that_is_too_young_is_said_to_be_a_lower_bound() -> None:
    finding = only(ask(retire_before_delete.RULE, old(3.5)))
    assert "was last changed on 2026-05-28" in finding.message
    assert "suspended for 3 days; it has to be for 14. That time is a lower bound" in finding.message


@pytest.mark.parametrize("revision", ["", "yesterday"])
def test_a_moment_that_cannot_be_read_is_not_long_ago(revision: str) -> None:
    assert "not known" in only(ask(retire_before_delete.RULE, old(99, revision=revision))).message


def test_a_moment_without_a_zone_is_one_in_utc() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC).replace(tzinfo=None).isoformat()
    assert ask(retire_before_delete.RULE, old(0, revision=at)) == ()


# too-many-deletes


@pytest.mark.parametrize(
    ("deletes", "owned", "is_held"),
    [(5, 100, False), (6, 100, True), (3, 9, False), (2, 10, False), (3, 10, True), (3, 15, False)],
)
def test_deletes_are_bounded_by_a_number_and_by_a_share_of_a_population(
    deletes: int, owned: int, is_held: bool
) -> None:
    changes = tuple(change(f"p{number}", Action.DELETE) for number in range(deletes))
    assert len(ask(too_many_deletes.RULE, *changes, owned=owned)) == (deletes if is_held else 0)


def test_a_share_is_exact() -> None:
    changes = tuple(change(f"p{number}", Action.DELETE) for number in range(29))
    assert ask(too_many_deletes.RULE, *changes, owned=100, limit=100, share=0.29) == ()


def test_forms_and_agreements_are_deletes_like_any_other() -> None:
    others = tuple(
        replace(change(f"p{number}", Action.DELETE), address=form(f"f{number}").address)
        for number in range(6)
    )
    assert len(ask(too_many_deletes.RULE, *others, owned=100)) == 6
