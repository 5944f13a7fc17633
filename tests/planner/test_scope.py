"""What a plan needs of the live side, read off the desired state alone."""

from __future__ import annotations

from dpsync.kinds.review_flow import GroupReviewer, Review, Stage
from dpsync.model.reference import Reference
from dpsync.planner import scope_of
from planner.states import WORKSPACE, both, data_source, desired, domain, form, product


def test_a_domain_is_looked_up_by_what_it_is_called_in_the_marketplace() -> None:
    found = scope_of(desired(domain("shop", "Sales"), product("p", domain=Reference("shop", "key"))))
    assert {(one.how, one.text) for one in found.domains} == {("name", "Sales")}
    pinned = scope_of(
        desired(domain("shop", "Sales", pinned="d-1"), product("p", domain=Reference("shop", "key")))
    )
    assert {(one.how, one.text) for one in pinned.domains} == {("id", "d-1")}


def test_the_domain_of_a_data_source_is_needed_too() -> None:
    assert {one.text for one in scope_of(desired(data_source("s", id="1"))).domains} == {"Sales"}


def test_people_and_groups_are_searched_for_as_they_are_written() -> None:
    flow = Review.of(
        decision="review", stages=(Stage.of(any=(GroupReviewer.of(group=Reference("Stewards")),)),), rules=()
    )
    found = scope_of(
        desired(
            form("f", review_flow=flow), product("p", subject_matter_expert=Reference("jane@acme.example"))
        )
    )
    assert found.people == {"jane@acme.example"}
    assert found.groups == {"Stewards"}


def test_only_what_is_compared_is_read_of_a_product() -> None:
    plain, whole = product("a"), product("b", request_forms=both("f"))
    found = scope_of(desired(plain, whole))
    assert found.sources == {plain.id, whole.id}
    assert found.forms == {whole.id}
    assert found.workspace_id == WORKSPACE


def test_a_tombstone_and_a_released_product_are_known_by_id_and_not_compared() -> None:
    gone, free = product("a", lifecycle="retired"), product("b", lifecycle="released")
    found = scope_of(desired(gone, free))
    assert found.ids == {"DataProduct": {gone.id, free.id}}
    assert (found.sources, found.forms) == (frozenset(), frozenset())
    assert found.leaving == {gone.id}
