"""`dpsync sandbox`: making one, beginning again, counting what is in it, and serving it."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner, Result

from cli.served import PATIENCE, announced, command
from dpsync.cli import dpsync
from dpsync.sandbox import Store, status


def sandbox(*arguments: str | Path) -> Result:
    return CliRunner().invoke(dpsync, ["sandbox", *(str(one) for one in arguments)], prog_name="dpsync")


def count_of(file: Path, what: str) -> int:
    with Store(file) as store:
        return status(store)[what]


def empty_of_products(file: Path) -> None:
    with Store(file) as store:
        store.rows("DELETE FROM products")
    assert count_of(file, "products") == 0


def test_seed_makes_the_demo_world_and_the_folder_for_it(tmp_path: Path) -> None:
    file = tmp_path / "not" / "there" / "yet.db"
    seeded = sandbox("seed", "--db", file)
    assert (seeded.exit_code, seeded.output) == (0, f"Seeded {file}.\n")
    assert count_of(file, "products") == 8


def test_seed_can_make_a_world_of_as_many_products_as_wanted(tmp_path: Path) -> None:
    file = tmp_path / "large.db"
    assert sandbox("seed", "--db", file, "--products", "50").exit_code == 0
    assert count_of(file, "products") == 50


def test_seed_refuses_a_sandbox_that_is_there_and_leaves_it_alone(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    sandbox("seed", "--db", file)
    empty_of_products(file)
    refused = sandbox("seed", "--db", file)
    assert refused.exit_code == 1
    assert f"{file} exists already." in refused.stderr
    assert "dpsync sandbox reset" in refused.stderr
    assert count_of(file, "products") == 0


@pytest.mark.parametrize("products", ["0", "-1", "many"])
def test_a_number_of_products_that_is_none_is_refused(tmp_path: Path, products: str) -> None:
    file = tmp_path / "sandbox.db"
    refused = sandbox("seed", "--db", file, "--products", products)
    assert refused.exit_code == 1
    assert products in refused.stderr
    assert not file.exists()


def test_reset_begins_again(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    sandbox("seed", "--db", file)
    empty_of_products(file)
    again = sandbox("reset", "--db", file)
    assert (again.exit_code, again.output) == (0, f"Seeded {file} again.\n")
    assert count_of(file, "products") == 8
    assert sandbox("reset", "--db", file, "--products", "50").exit_code == 0
    assert count_of(file, "products") == 50


@pytest.mark.parametrize("name", ["reset", "status", "serve"])
def test_a_file_that_is_no_sandbox_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader", encoding="utf-8")
    refused = sandbox(name, "--db", file)
    assert refused.exit_code == 1
    assert f"{file} cannot be used as a sandbox" in refused.stderr
    assert "Name another file" in refused.stderr
    assert file.read_text(encoding="utf-8") == "Dear reader"


def test_status_counts_what_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    sandbox("seed", "--db", file)
    told = sandbox("status", "--db", file)
    assert told.exit_code == 0
    counts = {name: int(count) for count, name in (line.split() for line in told.output.splitlines())}
    with Store(file) as store:
        assert counts == status(store)
    assert counts["products"] == 8


def test_status_of_no_sandbox_says_how_to_make_one(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    told = sandbox("status", "--db", file)
    assert told.exit_code == 1
    assert f"There is no sandbox in {file}." in told.stderr
    assert "dpsync sandbox seed" in told.stderr
    assert not file.exists()


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_where_it_is_and_ends_when_it_is_asked_to(
    tmp_path: Path, ended_by: signal.Signals
) -> None:
    file = tmp_path / "sandbox.db"
    with announced(command("sandbox", "serve", "--db", file, "--port", "0")) as (server, line):
        said = re.fullmatch(r"Sandbox marketplace on (http://127\.0\.0\.1:\d+/marketplace)", line)
        assert said is not None, line
        with httpx2.Client(headers={"Authorization": "Bearer sandbox"}) as client:
            assert client.get(f"{said[1]}/api/data-product").status_code == 200
        server.send_signal(ended_by)
        assert server.wait(PATIENCE) == 0
    assert count_of(file, "products") == 8


def test_serve_on_a_port_in_use_names_the_port(tmp_path: Path) -> None:
    serving = command("sandbox", "serve", "--db", tmp_path / "one.db", "--port", "0")
    with announced(serving) as (_, line):
        port = line.split(":")[-1].split("/")[0]
        refused = sandbox("serve", "--db", tmp_path / "two.db", "--port", port)
    assert refused.exit_code == 1
    assert f"Port {port} cannot be used" in refused.stderr
