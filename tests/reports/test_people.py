"""What is said about people, sentence by sentence: who reads them cannot see the marketplace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dpsync.model.change import Change, SourceChange
from dpsync.model.impact import Impact
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.reports.people import access_lines, brief, takes_access
from dpsync.reports.weight import gainers, losers, weight
from reports.builders import (
    BLOCKED,
    CLICKS,
    MOVE,
    OLD,
    OLD_FORM,
    RENAME,
    SALES,
    STRICT,
    SUSPENSION,
    TARGET,
    TERMS,
    WEIGHED_BLOCKED,
    deleted,
    product,
    sources,
    touched,
    updated,
    users,
)

ORDERS, ITEMS, EU = "ORDERS", "ORDER_ITEMS", ("EU Sales",)
MEMBERS = users(1, 12)
LESS = updated(
    Address("DataProduct", "x"),
    product(),
    product(),
    approved=12,
    changed_sources=SourceChange((), sources(ORDERS, ITEMS), 1),
)
MORE = replace(LESS, sources=SourceChange(sources(ORDERS, ITEMS), (), 1))


def said(change: Change, **impact: Any) -> list[str]:
    weighed = replace(change, impact=Impact(**({"members": MEMBERS} | impact)))
    return ["  " * line.depth + line.text for line in access_lines(weighed)]


def planned(*changes: Change) -> Plan:
    return Plan(TARGET, changes)


# Who loses


def test_sources_that_the_same_people_lose_stand_in_one_sentence() -> None:
    lost = (touched(ORDERS, MEMBERS), touched(ITEMS, MEMBERS))
    assert said(LESS, lost=lost, everywhere=True) == [
        "takes access: 12 people lose ORDERS and ORDER_ITEMS at once"
    ]


def test_who_keeps_a_source_is_said_with_the_product_that_gives_it() -> None:
    lost = (touched(ORDERS, users(1, 9), keepers=users(10, 12), through=EU), touched(ITEMS, MEMBERS))
    assert said(LESS, lost=lost, everywhere=True) == [
        'takes access: 9 people lose ORDERS at once (3 keep it through "EU Sales")',
        "takes access: 12 people lose ORDER_ITEMS at once",
    ]


def test_one_person_is_one_person() -> None:
    lost = (touched(ORDERS, users(1, 1), keepers=users(2, 2), through=EU),)
    assert said(LESS, lost=lost, everywhere=True) == [
        'takes access: 1 person loses ORDERS at once (1 keeps it through "EU Sales")'
    ]


def test_nobody_loses_what_all_members_keep() -> None:
    lost = (touched(ORDERS, keepers=MEMBERS, through=EU),)
    assert said(LESS, lost=lost, everywhere=True) == [
        'nobody loses ORDERS: all 12 members keep it through "EU Sales"'
    ]


def test_where_products_of_others_were_not_looked_at_it_is_said() -> None:
    assert said(LESS, lost=(touched(ORDERS, MEMBERS),)) == [
        "takes access: 12 people lose ORDERS at once, as far as managed products show"
    ]


def test_a_number_that_is_not_known_is_never_zero() -> None:
    assert said(LESS, lost=(touched(ORDERS, None),), members=None) == [
        (
            "takes access: an unknown number of people lose ORDERS at once "
            "(12 approved requests; the members were not read)"
        )
    ]
    unread = replace(LESS, before=MOVE.before)
    assert said(unread, lost=(touched(ORDERS, None),), members=None) == [
        "takes access: an unknown number of people lose ORDERS at once (the members were not read)"
    ]


def test_of_a_product_without_members_nobody_loses_anything() -> None:
    lost = (touched(ORDERS), touched(ITEMS))
    assert said(LESS, lost=lost, members=frozenset()) == ["nobody loses access: the product has no members"]


def test_a_product_that_is_suspended_gives_nothing_that_could_be_lost() -> None:
    suspended = updated(
        LESS.address,
        product(lifecycle="suspended"),
        product(),
        changed_sources=SourceChange((), sources(ORDERS), 1),
    )
    assert said(suspended, lost=(touched(ORDERS),)) == ["nobody loses access: the product is suspended"]


def test_what_is_suspended_comes_back_and_what_is_removed_does_not() -> None:
    both = replace(SUSPENSION, sources=SourceChange((), sources(ITEMS), 1))
    assert said(both, lost=(touched(ORDERS, MEMBERS), touched(ITEMS, MEMBERS)), everywhere=True) == [
        "takes access: 12 people lose ORDERS until it is active again",
        "takes access: 12 people lose ORDER_ITEMS at once",
    ]


def test_what_ends_with_a_product_ends_for_good() -> None:
    gone = {"members": MEMBERS, "lost": (touched(ORDERS, keepers=MEMBERS, through=EU),), "everywhere": True}
    kept = 'nobody loses ORDERS: all 12 members keep it through "EU Sales"'
    assert said(OLD, **gone, ended=12, exceptions=2, pending=3) == [
        kept,
        "12 approvals, 2 masking exceptions and 3 pending requests end for good",
    ]
    assert said(OLD, **gone, ended=1) == [kept, "1 approval ends for good"]
    assert said(OLD, **gone, ended=None, exceptions=None) == [
        kept,
        "an unknown number of approvals and an unknown number of masking exceptions end for good",
    ]


def test_deleting_an_empty_product_says_that_it_takes_nothing_from_anybody() -> None:
    assert said(OLD, members=frozenset()) == ["nobody loses access: the product has no members"]
    assert said(OLD, ended=12) == [
        "nobody loses access: the product has no sources",
        "12 approvals end for good",
    ]
    assert said(OLD_FORM, members=frozenset()) == []


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (MEMBERS, "takes access: 12 people may lose it (nobody knows)"),
        (None, "takes access: an unknown number of people may lose it (nobody knows)"),
        (frozenset(), "nobody loses access: the product has no members"),
    ],
)
def test_what_is_uncertain_is_said_to_be(members: frozenset[str] | None, sentence: str) -> None:
    assert said(MOVE, members=members, uncertain="nobody knows") == [sentence]


def test_many_sources_are_named_in_part_and_counted() -> None:
    lost = tuple(touched(f"T{number}", MEMBERS) for number in range(1, 8))
    assert said(LESS, lost=lost, everywhere=True) == [
        "takes access: 12 people lose T1, T2, T3 and 4 more sources at once"
    ]


def test_of_very_many_different_cases_the_largest_come_first() -> None:
    lost = (*(touched(f"T{number:02}", users(1, number)) for number in range(1, 13)), touched("U", None))
    lines = said(LESS, lost=lost, everywhere=True)
    assert lines[0] == ("takes access: up to 12 people lose U at once (who keeps it elsewhere is not known)")
    assert lines[1] == "takes access: 12 people lose T12 at once"
    assert lines[-1] == "takes access: … and 5 more sources (the JSON report lists all)"
    assert len(lines) == 9


# Who gains


def test_who_gets_a_source_at_once_is_counted() -> None:
    gained = (touched(ORDERS, users(1, 4), keepers=users(5, 5), through=EU),)
    assert said(MORE, gained=gained) == [
        'gives access: 4 people get ORDERS at once (1 has it already through "EU Sales")'
    ]


def test_nobody_gets_what_everybody_has() -> None:
    gained = (touched(ORDERS, keepers=MEMBERS, through=EU),)
    assert said(MORE, gained=gained) == [
        'nobody gains ORDERS: all 12 members have it already through "EU Sales"'
    ]


def test_a_source_of_a_product_without_members_gives_nobody_anything_yet() -> None:
    assert said(MORE, gained=(touched(ORDERS),), members=frozenset()) == [
        "nobody gains access: the product has no members"
    ]


def test_a_product_that_stays_suspended_gives_nothing() -> None:
    suspended = updated(
        MORE.address,
        product(lifecycle="suspended"),
        product(),
        changed_sources=SourceChange(sources(ORDERS), (), 1),
    )
    assert said(suspended, gained=(touched(ORDERS),)) == ["nobody gains access: the product is suspended"]
    at_once = replace(SUSPENSION, sources=SourceChange(sources(ORDERS), (), 0))
    assert said(at_once, gained=(touched(ORDERS),)) == ["nobody gains access until it is active again"]


def test_that_nobody_is_touched_is_said_once() -> None:
    moved = replace(LESS, sources=SourceChange(sources(ORDERS), sources(ITEMS), 0))
    impact = {"gained": (touched(ORDERS),), "lost": (touched(ITEMS),), "uncertain": "nobody knows"}
    assert said(moved, **impact, members=frozenset()) == [
        "nobody gains or loses access: the product has no members"
    ]


def test_what_an_activation_gives_is_had_again() -> None:
    active = updated(MORE.address, product(lifecycle="suspended"), product(lifecycle="active"))
    assert said(active, gained=(touched(ORDERS, MEMBERS),)) == [
        "gives access: 12 people get ORDERS again at once"
    ]


def test_sensitive_tags_say_where_they_are_as_far_as_is_known() -> None:
    tag, other = "Discovered.PII.Email", "Owner.HR"
    gained = (
        touched("A", MEMBERS, tags=(tag,), column_tags=(tag,)),
        touched("B", MEMBERS, tags=(tag,), column_tags=(tag,), columns=("EMAIL",)),
        touched("C", MEMBERS, tags=(other,)),
        touched("D", MEMBERS, tags=None),
    )
    assert said(MORE, gained=gained)[1:] == [
        "sensitive tags on at least one column of A: Discovered.PII.Email",
        "sensitive tags on column EMAIL of B: Discovered.PII.Email",
        "sensitive tags on C: Owner.HR",
        "whether D has sensitive tags is not known",
    ]


def test_publishing_for_the_first_time_can_take_access_and_says_so_once() -> None:
    gained = tuple(touched(f"T{number}", is_new=True) for number in range(1, 25))
    head = "published for the first time, as far as is known: "
    rest = 'who has access by an "Always Required" policy can lose it'
    assert said(CLICKS, gained=gained, members=frozenset()) == [f"{head}all 24 sources; {rest}"]
    assert said(CLICKS, gained=(*gained, touched("U")), members=frozenset()) == [
        f"{head}T1, T2, T3 and 21 more sources; {rest}"
    ]
    assert said(CLICKS, gained=gained[:1], members=frozenset()) == [f"{head}T1; {rest}"]


# Forms, agreements, flows


def test_a_form_says_how_far_it_reaches_and_that_nobody_loses_anything() -> None:
    assert said(STRICT, members=frozenset(), products=14, pending=3) == [
        "applies to new requests; reaches 14 products; 3 pending requests; nobody who has access loses it"
    ]
    assert said(TERMS, members=frozenset()) == [
        "applies to new requests; reaches no product; nobody who has access loses it"
    ]
    assert said(TERMS, members=frozenset(), products=None, pending=None) == [
        (
            "applies to new requests; reaches an unknown number of products; "
            "an unknown number of pending requests; nobody who has access loses it"
        )
    ]


def test_a_name_that_changes_takes_and_gives_nothing() -> None:
    assert said(RENAME, members=frozenset()) == []


# Names


def test_names_stand_below_the_sentence_sorted() -> None:
    names = {"u1": "Zoe", "u2": "adam", "u3": "Bea"}
    lost = (touched(ORDERS, users(1, 2), keepers=users(3, 4), through=EU),)
    assert said(LESS, lost=lost, everywhere=True, names=names) == [
        'takes access: 2 people lose ORDERS at once (2 keep it through "EU Sales")',
        "  loses: adam, Zoe",
        "  keeps: Bea, u4",
    ]


# In a few words


@pytest.mark.parametrize(
    ("impact", "words"),
    [
        (Impact(), ""),
        (Impact(lost=(touched(ORDERS, MEMBERS), touched(ITEMS))), "takes access: 12 people lose 1 source"),
        (Impact(lost=(touched(ORDERS, users(1, 1)),)), "takes access: 1 person loses 1 source"),
        (
            Impact(lost=(touched(ORDERS, None),), gained=(touched(ITEMS, users(1, 2)),)),
            "takes access: an unknown number of people lose 1 source; gives access: 2 people get 1 source",
        ),
        (Impact(ended=2), "takes access: 2 approvals end"),
        (Impact(members=users(1, 1), uncertain="x"), "takes access: 1 person may lose access"),
    ],
)
def test_the_few_words_of_a_change_hold_numbers_and_nobody_s_text(impact: Impact, words: str) -> None:
    assert brief(replace(LESS, impact=impact)) == words


# The plan as a whole


def test_somebody_who_loses_by_two_changes_is_one_person() -> None:
    one = replace(LESS, impact=Impact(lost=(touched(ORDERS, users(1, 4)),)))
    other = replace(SALES, impact=Impact(lost=(touched(ITEMS, users(3, 6)),)))
    plan = planned(one, other)
    assert weight(plan) == "This plan takes access away (access-removing): 6 people lose access to something."
    assert (losers(plan), gainers(plan)) == (6, 0)


def test_what_is_not_known_stands_beside_what_is() -> None:
    one = replace(LESS, impact=Impact(lost=(touched(ORDERS, users(1, 1)), touched(ITEMS, None))))
    plan = planned(one)
    assert weight(plan) == (
        "This plan takes access away (access-removing): 1 person loses access to something, "
        "and an unknown number more by 1 change."
    )
    assert losers(plan) is None


def test_what_is_blocked_is_told_apart_and_counts_for_nobody() -> None:
    assert weight(planned(WEIGHED_BLOCKED)) == (
        "Blocked, and not done: an unknown number of people lose access to something by 1 change; 212 approvals end for good."
    )
    assert losers(planned(WEIGHED_BLOCKED)) == 0


def test_a_plan_without_impact_never_claims_a_number_of_people() -> None:
    plan = planned(SALES, MOVE)
    assert "an unknown number of people lose access to something by 2 changes" in weight(plan)
    assert losers(plan) is None


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            replace(LESS, impact=Impact(lost=(touched(ORDERS, keepers=MEMBERS, through=EU),))),
            "This plan is access-removing, but no member loses access.",
        ),
        (
            replace(MORE, impact=Impact(gained=(touched(ORDERS, users(1, 4)),))),
            "This plan gives access (access-granting): 4 people gain access to something; no member loses any.",
        ),
        (
            replace(MORE, impact=Impact(gained=(touched(ORDERS),))),
            "This plan is access-granting, but no member gains access at once.",
        ),
        (
            replace(STRICT, impact=Impact(products=3)),
            (
                "This plan changes what can be requested or who decides (review); "
                "no member gains or loses access at once."
            ),
        ),
        (
            replace(CLICKS, impact=Impact(gained=(touched(ORDERS, is_new=True),))),
            (
                "This plan changes what can be requested or who decides (review); "
                "no member gains or loses access at once."
            ),
        ),
        (
            replace(MOVE, impact=Impact(members=users(1, 1), uncertain="x")),
            "This plan takes access away (access-removing): 1 person may lose access.",
        ),
        (
            replace(OLD, impact=Impact(ended=3)),
            "This plan takes access away (access-removing): 3 approvals end for good.",
        ),
        (RENAME, "This plan changes display names (rename), and nobody's access."),
        (updated(LESS.address, product(description="a"), product(description="b")), ""),
    ],
)
def test_the_class_of_the_plan_stands_in_its_first_sentence(change: Change, line: str) -> None:
    assert weight(planned(change)) == line


def test_a_plan_that_could_take_and_only_gives_says_both() -> None:
    both = replace(SALES, impact=Impact(lost=(touched(ORDERS),), gained=(touched(ITEMS, users(1, 2)),)))
    assert weight(planned(both)) == (
        "This plan is access-removing, but no member loses access; 2 people gain access to something."
    )


def test_access_is_taken_where_the_impact_says_so() -> None:
    assert not takes_access(replace(SALES, impact=Impact()))
    assert takes_access(replace(SALES, impact=Impact(lost=(touched(ORDERS, None),))))
    assert takes_access(BLOCKED)
    assert not takes_access(deleted(LESS.address, product(), approved=0))
