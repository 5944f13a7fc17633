"""Whom a change touches, one rule a test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dpsync.impact import analyze
from dpsync.kinds.data_product import ReviewFlows
from dpsync.kinds.review_flow import DEFAULT_FLOW, Approve
from dpsync.model.finding import Finding, Severity
from dpsync.model.impact import Audience, Evidence, Impact
from dpsync.model.reference import Address, Reference
from dpsync.model.state import Gap
from impact.scenes import (
    ANNA,
    BEN,
    CLEO,
    evidence,
    gained,
    impact_of,
    impacts,
    lost,
    market,
    there,
    wanted,
    weighed,
    who,
)
from planner.states import (
    FINANCE,
    ITEMS,
    LEDGER,
    ORDERS,
    agreement,
    as_live,
    at,
    declared,
    form,
    live_agreement,
    live_form,
    product,
    pruning,
)

ONE, TWO = Address("DataProduct", "one"), Address("DataProduct", "two")


# -- sources that come and go ----------------------------------------------------------------------------------------


def test_an_added_source_is_gained_by_every_member_at_once() -> None:
    live = market(there("one", ORDERS))
    found = weighed(wanted("one", ORDERS, ITEMS), on=live, given=evidence({"one": f"{ANNA} {BEN}"}))["one"]
    assert gained(found) == {ITEMS.id: who(ANNA, BEN)}
    assert found.lost == ()
    assert found.members == who(ANNA, BEN)
    assert found.gives_access
    assert not found.takes_access


def test_a_removed_source_is_lost_by_every_member() -> None:
    live = market(there("one", ORDERS, ITEMS))
    found = weighed(wanted("one", ORDERS), on=live, given=evidence({"one": ANNA}))["one"]
    assert lost(found) == {ITEMS.id: who(ANNA)}
    assert found.lost[0].source.text == "ANALYTICS.SALES.ORDER_ITEMS"
    assert found.losers == who(ANNA)


def test_who_keeps_a_source_through_another_product_does_not_lose_it() -> None:
    live = market(there("one", ORDERS, ITEMS), there("two", ITEMS))
    given = evidence({"one": f"{ANNA} {BEN}", "two": f"{BEN} {CLEO}"})
    (only,) = weighed(wanted("one", ORDERS), on=live, given=given)["one"].lost
    assert (only.people, only.keepers, only.through) == (who(ANNA), who(BEN), ("Two",))


def test_who_has_a_source_through_another_product_does_not_gain_it() -> None:
    live = market(there("one", ORDERS), there("two", ITEMS))
    given = evidence({"one": f"{ANNA} {BEN}", "two": BEN})
    (only,) = weighed(wanted("one", ORDERS, ITEMS), on=live, given=given)["one"].gained
    assert (only.people, only.keepers, only.through) == (who(ANNA), who(BEN), ("Two",))


def test_who_has_a_source_only_through_a_suspended_product_gains_it() -> None:
    live = market(there("one", ORDERS), there("two", ITEMS, lifecycle="suspended"))
    given = evidence({"one": ANNA, "two": ANNA})
    found = weighed(wanted("one", ORDERS, ITEMS), on=live, given=given)["one"]
    assert gained(found) == {ITEMS.id: who(ANNA)}


def test_a_product_is_named_once_for_many_who_keep_a_source_through_it() -> None:
    live = market(there("one", ITEMS), there("two", ITEMS), there("three", ITEMS))
    given = evidence({"one": f"{ANNA} {BEN}", "two": f"{ANNA} {BEN}", "three": BEN})
    (only,) = weighed(wanted("one"), on=live, given=given)["one"].lost
    assert (only.keepers, only.through) == (who(ANNA, BEN), ("Three", "Two"))


def test_a_suspended_product_keeps_nobody() -> None:
    live = market(there("one", ITEMS), there("two", ITEMS, lifecycle="suspended"))
    found = weighed(wanted("one"), on=live, given=evidence({"one": ANNA, "two": ANNA}))["one"]
    assert lost(found) == {ITEMS.id: who(ANNA)}


def test_a_product_whose_members_cannot_be_read_keeps_nobody() -> None:
    live = market(there("one", ITEMS), there("two", ITEMS))
    found = weighed(wanted("one"), on=live, given=evidence({"one": ANNA}))["one"]
    assert lost(found) == {ITEMS.id: who(ANNA)}


def test_a_product_outside_the_workspace_keeps_people_once_its_sources_were_read() -> None:
    live = market(there("one", ITEMS), there("two", unread=True))
    members = {"one": ANNA, "two": ANNA}
    near = weighed(wanted("one"), on=live, given=evidence(members))["one"]
    assert (lost(near), near.everywhere) == ({ITEMS.id: who(ANNA)}, False)
    contents = {"two": frozenset({ITEMS.id})}
    far = weighed(wanted("one"), on=live, given=evidence(members, contents=contents, everywhere=True))["one"]
    assert (lost(far), far.everywhere) == ({ITEMS.id: who()}, True)
    assert far.lost[0].through == ("Two",)
    assert not far.takes_access


def test_two_changes_that_take_the_last_two_grants_both_list_the_loss() -> None:
    live = market(there("one", ITEMS), there("two", ITEMS))
    found = weighed(wanted("one"), wanted("two"), on=live, given=evidence({"one": ANNA, "two": ANNA}))
    assert lost(found["one"]) == lost(found["two"]) == {ITEMS.id: who(ANNA)}


def test_who_moves_from_one_product_to_another_in_one_plan_loses_and_gains_nothing() -> None:
    live = market(there("one", ITEMS), there("two", ORDERS))
    found = weighed(
        wanted("one"), wanted("two", ORDERS, ITEMS), on=live, given=evidence({"one": ANNA, "two": ANNA})
    )
    assert lost(found["one"]) == gained(found["two"]) == {ITEMS.id: who()}
    assert found["one"].lost[0].through == ("Two",)
    assert found["two"].gained[0].through == ("One",)


def test_a_change_that_is_held_is_judged_on_top_of_the_others_and_keeps_nobody_by_what_it_would_add() -> None:
    live = market(there("one", ITEMS), there("two", ORDERS))
    given = evidence({"one": ANNA, "two": ANNA})
    declares = (wanted("one"), wanted("two", ORDERS, ITEMS))
    held = weighed(*declares, on=live, given=given, held=frozenset({TWO}))
    assert lost(held["one"]) == {ITEMS.id: who(ANNA)}
    assert gained(held["two"]) == {ITEMS.id: who()}
    both = weighed(*declares, on=live, given=given, held=frozenset({ONE, TWO}))
    assert lost(both["one"]) == {ITEMS.id: who(ANNA)}


def test_a_product_that_a_held_change_would_empty_still_keeps_people() -> None:
    live = market(there("one", ITEMS), there("two", ITEMS))
    given = evidence({"one": ANNA, "two": ANNA})
    found = weighed(wanted("one"), wanted("two"), on=live, given=given, held=frozenset({TWO}))
    assert lost(found["one"]) == {ITEMS.id: who()}
    assert lost(found["two"]) == {ITEMS.id: who(ANNA)}


def test_a_blocked_change_is_held_like_any_other_and_has_its_impact() -> None:
    live = market(there("one", ITEMS), there("two", ITEMS))
    plan = pruning(wanted("one"), wanted("two"), on=live)
    plan = plan.with_findings([Finding("no", Severity.ERROR, "No.", address=TWO)])
    found = impacts(analyze(plan, live, evidence({"one": ANNA, "two": ANNA})))
    assert lost(found["one"]) == {ITEMS.id: who()}
    assert lost(found["two"]) == {ITEMS.id: who(ANNA)}


# -- suspending, resuming, deleting, moving --------------------------------------------------------------------------


def test_suspending_takes_every_source_away() -> None:
    live = market(there("one", ORDERS, ITEMS))
    found = weighed(
        wanted("one", ORDERS, ITEMS, lifecycle="suspended"), on=live, given=evidence({"one": ANNA})
    )["one"]
    assert lost(found) == {ORDERS.id: who(ANNA), ITEMS.id: who(ANNA)}
    assert [one.source.text for one in found.lost] == [
        "ANALYTICS.SALES.ORDERS",
        "ANALYTICS.SALES.ORDER_ITEMS",
    ]
    assert (found.ended, found.exceptions, found.pending) == (0, 0, 0)


def test_resuming_gives_every_source_and_none_of_them_is_new() -> None:
    live = market(there("one", ORDERS, lifecycle="suspended"))
    found = weighed(wanted("one", ORDERS, ITEMS, lifecycle="active"), on=live, given=evidence({"one": ANNA}))[
        "one"
    ]
    assert gained(found) == {ORDERS.id: who(ANNA), ITEMS.id: who(ANNA)}
    assert {one.source.id: one.is_new for one in found.gained} == {ORDERS.id: False, ITEMS.id: True}


def test_what_a_product_gets_that_stays_suspended_is_gained_by_nobody() -> None:
    live = market(there("one", ORDERS, lifecycle="suspended"))
    found = weighed(wanted("one", ITEMS), on=live, given=evidence({"one": ANNA}))["one"]
    assert (gained(found), lost(found)) == ({ITEMS.id: who()}, {ORDERS.id: who()})
    assert not found.gives_access
    assert not found.takes_access


def test_a_delete_takes_every_source_and_ends_every_approval_exception_and_pending_request() -> None:
    live = market(there("one", ORDERS, pending=4))
    given = Evidence({"one": Audience(who(ANNA, BEN), 3)})
    found = weighed(wanted("one", ORDERS, lifecycle="retired"), on=live, given=given)["one"]
    assert lost(found) == {ORDERS.id: who(ANNA, BEN)}
    assert (found.ended, found.exceptions, found.pending) == (2, 3, 4)


def test_deleting_a_suspended_product_takes_nothing_now_and_ends_its_approvals_all_the_same() -> None:
    live = market(there("one", ORDERS, lifecycle="suspended"))
    found = weighed(wanted("one", lifecycle="retired"), on=live, given=evidence({"one": ANNA}))["one"]
    assert (lost(found), found.losers, found.ended) == ({ORDERS.id: who()}, who(), 1)
    assert found.takes_access


def test_a_file_that_is_removed_is_weighed_like_a_delete() -> None:
    owned = product("one")
    live = market(replace(as_live(owned, sources=at(ORDERS)), accesses=there("x").accesses))
    found = weighed(on=live, given=evidence({owned.id: ANNA}))[owned.id]
    assert lost(found) == {ORDERS.id: who(ANNA)}
    assert found.ended == 1


def test_a_delete_of_a_product_whose_sources_could_not_be_read_may_take_anything_from_its_members() -> None:
    live = market(there("one", unread=True))
    found = weighed(wanted("one", lifecycle="retired"), on=live, given=evidence({"one": ANNA}))["one"]
    assert found.lost == ()
    assert "could not be read" in found.uncertain
    assert found.losers == who(ANNA)


def test_after_a_move_to_another_domain_all_members_may_have_lost_access() -> None:
    live = market(there("one", ORDERS, pending=2))
    given = Evidence({"one": Audience(who(ANNA), 5)})
    found = weighed(wanted("one", LEDGER, domain=Reference(FINANCE.name)), on=live, given=given)["one"]
    assert "another domain" in found.uncertain
    assert found.losers == who(ANNA)
    assert (lost(found), gained(found)) == ({ORDERS.id: who(ANNA)}, {LEDGER.id: who(ANNA)})
    assert (found.exceptions, found.pending) == (5, 2)


def test_moving_a_suspended_product_takes_nothing_from_anybody() -> None:
    live = market(there("one", lifecycle="suspended"))
    found = weighed(wanted("one", domain=Reference(FINANCE.name)), on=live, given=evidence({"one": ANNA}))
    assert found["one"].uncertain == ""
    assert found["one"].losers == who()


def test_a_product_that_moves_to_another_domain_is_not_relied_on_to_keep_anybody() -> None:
    live = market(there("one", ORDERS, LEDGER), there("two", LEDGER))
    moves = wanted("two", LEDGER, domain=Reference(FINANCE.name))
    given = evidence({"one": ANNA, "two": ANNA})
    assert lost(weighed(wanted("one", ORDERS), moves, on=live, given=given)["one"]) == {LEDGER.id: who(ANNA)}
    stays = weighed(wanted("one", ORDERS), moves, on=live, given=given, held=frozenset({TWO}))
    assert lost(stays["one"]) == {LEDGER.id: who()}


# -- what is not known -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"sources": ()}, {"lifecycle": "suspended"}, {"lifecycle": "retired"}, {"domain": Reference("Finance")}],
    ids=str,
)
def test_members_that_could_not_be_read_are_unknown_and_risky_and_never_zero(
    change: dict[str, object],
) -> None:
    live = market(there("one", LEDGER, approved=None))
    given = {"sources": at(LEDGER), "name": "One", "domain": Reference("Sales")} | change
    found = weighed(product("one", pinned="one", **given), on=live, given=Evidence())["one"]
    assert (found.members, found.losers) == (None, None)
    assert found.takes_access


def test_gains_of_members_that_could_not_be_read_are_unknown() -> None:
    live = market(there("one", approved=3))
    found = weighed(wanted("one", ORDERS), on=live, given=Evidence())["one"]
    assert found.gainers is None
    assert found.gives_access


def test_a_product_without_approved_requests_has_no_members_and_needs_no_evidence() -> None:
    live = market(there("one", ORDERS, approved=0))
    found = weighed(wanted("one", lifecycle="retired"), on=live, given=Evidence())["one"]
    assert (found.members, lost(found), found.ended, found.exceptions) == (who(), {ORDERS.id: who()}, 0, 0)
    assert not found.takes_access


def test_where_members_were_not_read_a_delete_ends_as_many_approvals_as_the_product_says_it_has() -> None:
    live = market(there("one", approved=7))
    found = weighed(wanted("one", lifecycle="retired"), on=live, given=Evidence())["one"]
    assert (found.ended, found.exceptions) == (7, None)


def test_which_masking_exceptions_end_with_a_source_is_unknown_where_there_are_any() -> None:
    live = market(there("one", ORDERS))
    some = Evidence({"one": Audience(who(ANNA), 1)})
    assert weighed(wanted("one"), on=live, given=some)["one"].exceptions is None
    assert weighed(wanted("one"), on=live, given=evidence({"one": ANNA}))["one"].exceptions == 0
    assert weighed(wanted("one", ORDERS, ITEMS), on=live, given=some)["one"].exceptions == 0


# -- creates and what is only described ------------------------------------------------------------------------------


def test_a_create_gives_nobody_anything_and_says_what_is_in_it() -> None:
    live = market(there("other", ORDERS))
    given = evidence(
        tags={ORDERS.id: (), ITEMS.id: ("Discovered.PII",)},
        column_tags={ITEMS.id: ("Discovered.PII",)},
        columns={ITEMS.id: ("email",)},
    )
    found = weighed(product("new", sources=at(ORDERS, ITEMS)), on=live, given=given)["new"]
    assert gained(found) == {ORDERS.id: who(), ITEMS.id: who()}
    items = next(one for one in found.gained if one.source.id == ITEMS.id)
    assert (items.tags, items.column_tags, items.columns, items.is_new) == (
        ("Discovered.PII",),
        ("Discovered.PII",),
        ("email",),
        True,
    )
    assert [one.is_new for one in found.gained if one.source.id == ORDERS.id] == [False]
    assert (found.members, found.gives_access, found.takes_access) == (who(), False, False)


def test_tags_that_could_not_be_read_are_unknown_and_not_none() -> None:
    live = market(there("one"))
    found = weighed(wanted("one", ORDERS), on=live, given=evidence({"one": ANNA}))["one"]
    assert found.gained[0].tags is None


def test_a_source_that_only_a_suspended_product_has_is_not_new() -> None:
    live = market(there("one"), there("two", ORDERS, lifecycle="suspended"))
    found = weighed(wanted("one", ORDERS), on=live, given=evidence({"one": ANNA}))["one"]
    assert [one.is_new for one in found.gained] == [False]


def test_a_new_description_touches_nobody() -> None:
    live = market(there("one", ORDERS))
    assert weighed(wanted("one", ORDERS, description="New"), on=live, given=Evidence())["one"] == Impact()


def test_a_new_review_flow_concerns_the_requests_that_wait_and_no_member() -> None:
    flows = ReviewFlows.of(data_access=DEFAULT_FLOW, masking_exception=DEFAULT_FLOW)
    live = market(there("one", ORDERS, pending=3, review_flows=flows))
    changed = ReviewFlows.of(data_access=Approve.of(decision="approve", rules=()))
    found = weighed(wanted("one", ORDERS, review_flows=changed), on=live, given=Evidence())["one"]
    assert found == Impact(pending=3)


def test_a_change_that_could_not_be_worked_out_says_nothing_about_anybody() -> None:
    live = market(there("one", ORDERS))
    found = weighed(wanted("one", domain=Reference("Nowhere")), on=live, given=Evidence())["one"]
    assert found == Impact()


def test_a_kind_that_is_never_written_has_no_impact() -> None:
    from dpsync.kinds.domain import DomainSpec

    live = market()
    plan = analyze(pruning(declared("Domain", "gone", DomainSpec.of(name="Gone")), on=live), live, Evidence())
    assert [change.impact for change in plan.changes] == [None]


# -- forms and agreements --------------------------------------------------------------------------------------------


def test_a_form_reaches_its_products_and_their_pending_requests_and_no_member() -> None:
    mine = form("ask", name="New name")
    live = market(
        live_form(mine.id, "Ask"), there("one", pending=2), there("two", pending=3), there("three", pending=9)
    )
    found = weighed(mine, on=live, given=evidence(reached={mine.id: frozenset({"one", "two"})}))["ask"]
    assert (found.products, found.pending, found.members) == (2, 5, who())
    assert not found.takes_access


def test_an_agreement_reaches_the_products_of_the_forms_that_show_it() -> None:
    terms = agreement("terms", body="Be bold.")
    shows = (Reference("Terms", "id", terms.id),)
    live = market(
        live_agreement(terms.id, "Terms"),
        live_form("f-1", "One", agreements=shows),
        live_form("f-2", "Two", agreements=shows),
        live_form("f-3", "Three"),
        there("one", pending=1),
        there("two", pending=1),
    )
    reached = {"f-1": frozenset({"one"}), "f-2": frozenset({"one", "two"})}
    found = weighed(terms, on=live, given=evidence(reached=reached))["terms"]
    assert (found.products, found.pending) == (2, 2)


def test_a_form_whose_products_could_not_be_read_reaches_an_unknown_number() -> None:
    mine = form("ask", name="New name")
    found = weighed(mine, on=market(live_form(mine.id, "Ask")), given=Evidence())["ask"]
    assert (found.products, found.pending) == (None, None)


def test_an_agreement_reaches_an_unknown_number_where_the_forms_are_not_all_known() -> None:
    terms = agreement("terms", body="Be bold.")
    live = market(live_agreement(terms.id, "Terms"))
    live = replace(live, gaps=(Gap("RequestForm", "", "503"),))
    assert weighed(terms, on=live, given=Evidence())["terms"].products is None


def test_requests_for_a_product_that_is_not_known_are_an_unknown_number() -> None:
    mine = form("ask", name="New name")
    live = market(live_form(mine.id, "Ask"))
    found = weighed(mine, on=live, given=evidence(reached={mine.id: frozenset({"gone"})}))["ask"]
    assert (found.products, found.pending) == (1, None)


def test_a_new_form_reaches_nothing() -> None:
    assert weighed(form("ask"), on=market(), given=Evidence())["ask"] == Impact()


# -- names -----------------------------------------------------------------------------------------------------------


def test_everybody_in_an_impact_has_a_name_and_two_of_the_same_name_are_told_apart() -> None:
    live = market(there("one", ITEMS), there("two", ITEMS))
    given = evidence({"one": f"{ANNA} {BEN} u-nameless", "two": BEN})
    plan = analyze(pruning(wanted("one"), on=live), live, given)
    assert impact_of(plan.changes[0]).names == {ANNA: "Anna Adams", BEN: "Ben Berg (ben)"}


def test_analysing_changes_nothing_but_the_impact() -> None:
    live = market(there("one", ITEMS), there("two", ITEMS))
    plan = pruning(wanted("one"), product("new"), on=live)
    found = analyze(plan, live, evidence({"one": ANNA}))
    assert replace(found, changes=tuple(replace(one, impact=None) for one in found.changes)) == plan
