import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dpsync.model.identity import VERSION, computed_id, is_of_workspace, part_id

workspaces = st.from_regex(r"[a-z0-9-]{8,64}", fullmatch=True)
kinds = st.sampled_from(["DataProduct", "RequestForm", "DataUseAgreement"])
keys = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?", fullmatch=True)


@given(workspace=workspaces, other=workspaces, kind=kinds, key=keys)
def test_every_computed_id_is_recognised_by_its_workspace_and_no_other(
    workspace: str, other: str, kind: str, key: str
) -> None:
    assume(workspace != other)
    live_id = computed_id(workspace, kind, key)
    assert is_of_workspace(workspace, kind, live_id)
    assert is_of_workspace(workspace, kind, live_id.upper())
    assert not is_of_workspace(other, kind, live_id)


@given(workspace=workspaces, key=keys)
def test_an_id_is_recognised_for_its_own_kind_only(workspace: str, key: str) -> None:
    live_id = computed_id(workspace, "DataProduct", key)
    assert not is_of_workspace(workspace, "RequestForm", live_id)


@given(workspace=workspaces, kind=kinds, key=keys, other=keys)
def test_equal_keys_have_equal_ids_and_different_keys_different_ones(
    workspace: str, kind: str, key: str, other: str
) -> None:
    assert computed_id(workspace, kind, key) == computed_id(workspace, kind, key)
    assert (computed_id(workspace, kind, key) == computed_id(workspace, kind, other)) == (key == other)


@given(workspace=workspaces, kind=kinds, key=keys)
def test_a_computed_id_is_a_uuid_of_our_version_and_recognising_ignores_the_version(
    workspace: str, kind: str, key: str
) -> None:
    value = uuid.UUID(computed_id(workspace, kind, key))
    assert value.version == VERSION
    assert value.variant == uuid.RFC_4122
    assert is_of_workspace(workspace, kind, str(uuid.UUID(int=value.int, version=4)))


@given(workspace=workspaces, kind=kinds, stranger=st.uuids())
def test_a_strangers_uuid_is_not_recognised(workspace: str, kind: str, stranger: uuid.UUID) -> None:
    assert not is_of_workspace(workspace, kind, str(stranger))


@pytest.mark.parametrize("text", ["", "nonsense", "cm5x0c8q00000abcdefghijkl", "17"])
def test_what_is_no_uuid_is_nobodys(text: str) -> None:
    assert not is_of_workspace("acme-4f9d2c", "DataProduct", text)


def test_the_ids_never_change_from_one_release_to_the_next() -> None:
    assert computed_id("acme-4f9d2c", "DataProduct", "na-sales") == "737cc4aa-6142-8bba-a74b-3e8c06061ef0"
    assert part_id("9f0c1e9a-7a3c-4c68-9a52-3f6f1d0a7b11", "why") == "29740ec5-35d6-50ce-a92c-cbbae291bb4f"
