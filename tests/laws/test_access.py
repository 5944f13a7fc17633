"""Who can reach what: only a change that says so takes access away or gives it, and nobody loses it on the way."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given

from dpsync.model.call import Action
from dpsync.model.change import Change
from dpsync.model.plan import Plan
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import Applied, Market, Pairs, Written, market


def of(pairs: Pairs, product: str) -> Pairs:
    return frozenset(pair for pair in pairs if pair[0] == product)


def products_of(pairs: Pairs) -> set[str]:
    return {product for product, _user, _source in pairs}


def applied(one: Market, estate: Estate) -> Iterable[tuple[Plan, Pairs, Applied]]:
    """Both revisions: the plan, who had access before it, and what the apply did."""
    for documents in (estate.first, estate.second):
        plan = one.plan(in_files(documents), prune=estate.prune)
        before = one.store.access_pairs()
        yield plan, before, one.apply(plan)
        estate.by_hand(one.store)


@law(1.25)
@given(estates())
def test_only_a_change_that_says_so_takes_access_away_or_gives_it(estate: Estate) -> None:
    with market(estate.world) as one:
        for plan, before, run in applied(one, estate):
            by_id = {change.id: change for change in plan.applicable}
            last = run.written[-1].access if run.written else before
            lost, gained = products_of(before - last), products_of(last - before)
            assert [str(by_id[each].address) for each in lost if not by_id[each].removes_access] == []
            assert [str(by_id[each].address) for each in gained if not by_id[each].grants_access] == []


@law(0.75)
@given(estates())
def test_a_write_moves_the_access_of_its_own_object_and_of_no_other(estate: Estate) -> None:
    with market(estate.world) as one:
        for _plan, before, run in applied(one, estate):
            moments = (before, *(write.access for write in run.written))
            for earlier, write in zip(moments, run.written, strict=False):
                moved = products_of(earlier ^ write.access)
                assert all(f"/{each}" in write.path for each in moved), (write.method, write.path)


@law(0.75)
@given(estates())
def test_nobody_who_has_access_before_and_after_is_without_it_in_between(estate: Estate) -> None:
    with market(estate.world) as one:
        for _plan, before, run in applied(one, estate):
            if run.written:
                lasting = before & run.written[-1].access
                assert [write.path for write in run.written if not lasting <= write.access] == []


@law(0.75)
@given(estates())
def test_nobody_gets_access_in_between_who_has_it_neither_before_nor_after(estate: Estate) -> None:
    """What restricts goes before what grants, also inside one change."""
    with market(estate.world) as one:
        for plan, before, run in applied(one, estate):
            if not run.written:
                continue
            known = before | run.written[-1].access
            for write in run.written:
                strangers = write.access - known
                assert strangers == frozenset(), _told(plan, write, strangers)


def _told(plan: Plan, write: Written, strangers: Pairs) -> str:
    changes: list[Change] = [change for change in plan.changes if change.id in products_of(strangers)]
    return f"{write.method} {write.path}: {[(str(one.address), one.actions) for one in changes]}"


@law(0.5)
@given(estates())
def test_a_new_product_has_no_members(estate: Estate) -> None:
    with market(estate.world) as one:
        for plan, _before, run in applied(one, estate):
            created = {change.id for change in plan.applicable if change.action is Action.CREATE}
            for write in run.written:
                assert not created & products_of(write.access)
