"""Every computed id is recognised by its workspace and its kind, and by no other."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from dpsync.kinds import KINDS, WRITTEN
from dpsync.model.identity import computed_id, is_of_workspace
from dpsync.model.reference import is_live_id
from laws.budget import law
from laws.estates import Estate, estates, in_files
from laws.markets import WORKSPACE_ID, declared

workspaces = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=8, max_size=64)
keys = st.from_regex(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?", fullmatch=True)
kinds = st.sampled_from(sorted(KINDS))


@law(10)
@given(workspaces, kinds, keys)
def test_an_id_is_recognised_by_its_workspace_and_its_kind(workspace: str, kind: str, key: str) -> None:
    live_id = computed_id(workspace, kind, key)
    assert is_live_id(live_id)
    assert [each for each in KINDS if is_of_workspace(workspace, each, live_id)] == [kind]
    assert is_of_workspace(workspace, kind, live_id.upper())
    assert computed_id(workspace, kind, key) == live_id


@law(10)
@given(workspaces, workspaces, kinds, keys)
def test_an_id_is_recognised_by_no_other_workspace(mine: str, other: str, kind: str, key: str) -> None:
    assume(mine != other)
    assert not is_of_workspace(other, kind, computed_id(mine, kind, key))
    assert computed_id(other, kind, key) != computed_id(mine, kind, key)


@law(10)
@given(workspaces, kinds, keys, keys)
def test_two_keys_have_two_ids(workspace: str, kind: str, one: str, other: str) -> None:
    assume(one != other)
    assert computed_id(workspace, kind, one) != computed_id(workspace, kind, other)


@law(10)
@given(workspaces, kinds, st.uuids().map(str) | st.from_regex(r"c[a-z0-9]{24}", fullmatch=True))
def test_an_id_that_dpsync_did_not_make_is_nobodys(workspace: str, kind: str, live_id: str) -> None:
    assert not is_of_workspace(workspace, kind, live_id)


@law()
@given(estates())
def test_the_ids_of_an_estate_are_its_own_unless_they_are_pinned(estate: Estate) -> None:
    made_by_hand = {
        *(each.id for each in estate.world.products),
        *(each.id for each in estate.world.forms),
        *(each.id for each in estate.world.agreements),
    }
    written = {kind.name for kind in WRITTEN}
    for resource in declared(in_files(estate.first)).desired.resources:
        if resource.kind in written:
            assert is_of_workspace(WORKSPACE_ID, resource.kind, resource.id) == (not resource.pinned)
    for live_id in made_by_hand:
        assert not any(is_of_workspace(WORKSPACE_ID, kind, live_id) for kind in written)
