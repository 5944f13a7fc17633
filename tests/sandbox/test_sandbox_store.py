from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dpsync.sandbox import Store, status
from sandbox import worlds as w


def test_the_same_world_makes_the_same_snapshot_in_memory_and_in_a_file(tmp_path: Path) -> None:
    with Store() as memory, Store(tmp_path / "sandbox.db") as file:
        memory.load(w.small())
        file.load(w.small())
        assert memory.snapshot() == file.snapshot()
        assert status(memory) == status(file)


def test_loading_replaces_what_was_there(tmp_path: Path) -> None:
    with Store(tmp_path / "sandbox.db") as store:
        store.load(w.small())
        once = status(store)
        store.load(w.small())
        assert status(store) == once
        store.reset()
        assert set(status(store).values()) == {0}


def test_a_second_connection_sees_what_the_first_one_loaded(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    with Store(path) as first, Store(path) as second:
        first.load(w.small())
        assert second.snapshot() == first.snapshot()


def test_access_is_for_members_of_products_that_are_not_suspended() -> None:
    with Store(clock=lambda: w.NOW) as store:
        store.load(w.small())
        members = {(w.ORDERS, w.CONSUMER, "1"), (w.ORDERS, w.CONSUMER, "2"), (w.LEDGER, w.OTHER, "5")}
        assert store.access_pairs() == members
        store.update("products", w.ORDERS, {"suspended": 1})
        assert store.access_pairs() == {(w.LEDGER, w.OTHER, "5")}


def test_access_ends_at_the_moment_it_expires() -> None:
    with Store(clock=lambda: w.NOW) as store:
        store.load(w.small())
        store.update("requests", "c11111111111111111request5", {"expiration": "2026-06-01T12:00:01.000Z"})
        assert (w.LEDGER, w.OTHER, "5") in store.access_pairs()
        assert (w.LEDGER, w.OTHER, "5") not in store.access_pairs(w.NOW + timedelta(seconds=1))


def test_a_transaction_that_fails_changes_nothing() -> None:
    with Store() as store:
        store.load(w.small())
        before = store.snapshot()

        def interrupted() -> None:
            with store.transaction():
                store.delete("products", "id", w.ORDERS)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert store.snapshot() == before


def test_ids_are_new_each_time_and_the_same_in_the_next_run() -> None:
    def made() -> list[str]:
        with Store() as store:
            store.load(w.small())
            return [store.new_cuid(), store.new_cuid(), store.new_uuid(), store.new_uuid()]

    assert len(set(made())) == 4
    assert made() == made()


def test_a_product_of_a_world_has_one_form_for_both_types_unless_it_says_otherwise() -> None:
    with Store() as store:
        store.load(w.small())
        products = store.snapshot()["products"]
        assert products[w.ORDERS]["masking_form"] == w.DELEGATING
        assert products[w.LEDGER]["masking_form"] == w.DENYING
