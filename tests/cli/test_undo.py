"""The edges of `dpsync undo`: which run is meant, where it may be undone, who is asked, and what each exit code is given for."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cli.past import CALM, ORDERS, Past, opened, path_of
from telling import WORKSPACE_ID

DESCRIBED = f"{ORDERS}  description: From the second run.\n"


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return opened(tmp_path / "workspace")


def edited(file: Path, to: Path, **first_line: object) -> Path:
    """A copy of a journal whose first line says something else."""
    first, *rest = file.read_text(encoding="utf-8").splitlines(keepends=True)
    to.write_text(json.dumps({**json.loads(first), **first_line}) + "\n" + "".join(rest), encoding="utf-8")
    return to


def test_nobody_is_asked_where_nobody_can_be_and_nothing_is_changed(past: Past) -> None:
    past.apply(calm=CALM)
    refused = past.run("undo", "last")
    assert refused.exit_code == 1
    assert "Nobody can be asked here, so nothing was changed." in refused.stderr
    assert "Plan: 0 to create, 0 to update, 1 to delete." in refused.stdout
    assert len(past.journals) == 1
    assert past.done("plan").stdout.endswith("No changes. The marketplace matches the manifests.\n")


def test_what_is_undone_already_is_not_undone_again_and_no_run_is_noted(past: Past) -> None:
    name = past.apply(calm=CALM).stem
    past.done("undo", name, "--auto-approve")
    again = past.done("undo", name, "--auto-approve")
    assert again.stdout.endswith("No changes. Nothing is left to undo.\n")
    assert len(past.journals) == 2


def test_which_run_must_be_said_and_only_once(past: Past, tmp_path: Path) -> None:
    file = past.apply(calm=CALM)
    nothing = past.run("undo")
    assert (nothing.exit_code, "`dpsync undo last` means the newest" in nothing.stderr) == (1, True)
    both = past.run("undo", "20200101", "--journal", file)
    assert (both.exit_code, "Leave one of them out." in both.stderr) == (1, True)
    nowhere = past.run("undo", "last", "--journal", tmp_path / "nowhere")
    assert (nowhere.exit_code, "There is no" in nowhere.stderr) == (1, True)
    for name in (file.stem, file.stem[-8:], file.stem[:8]):
        assert past.plan_of_undo(name, "--journal", file) == {"RequestForm/calm": ()}


def test_an_artifact_is_undone_from_its_file_and_the_undo_is_journaled_in_the_workspace(
    past: Past, tmp_path: Path
) -> None:
    artifact = past.apply(calm=CALM).rename(tmp_path / "downloaded")
    done = past.done("undo", "--journal", artifact, "--auto-approve")
    assert "Undo complete: 0 created, 0 updated, 1 deleted." in done.stdout
    (file,) = past.journals
    first = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
    assert (first["command"], first["undoes"]) == (
        "undo",
        json.loads(artifact.read_text().splitlines()[0])["run"],
    )


def test_a_folder_of_journals_may_be_named_and_then_holds_that_of_the_undo_too(
    past: Past, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    past.declare(calm=CALM)
    past.done("apply", "--auto-approve", "--journal", folder)
    past.done("undo", "last", "--auto-approve", "--journal", folder)
    assert (len([*folder.glob("runs/*.jsonl")]), past.journals) == (2, [])


def test_an_undo_can_go_without_a_journal_of_its_own(past: Past) -> None:
    past.apply(calm=CALM)
    past.done("undo", "last", "--auto-approve", "--journal", "off")
    assert len(past.journals) == 1


@pytest.mark.parametrize("what", ["tenant", "environment", "workspace_id"])
def test_a_journal_of_another_marketplace_is_refused(past: Past, tmp_path: Path, what: str) -> None:
    file = edited(past.apply(calm=CALM), tmp_path / "other", **{what: "other"})
    refused = past.run("undo", "--journal", file, "--auto-approve")
    assert refused.exit_code == 1
    assert f"The journal was made for the {what.replace('_', ' ')} 'other'" in refused.stderr
    assert "Nothing was changed." in refused.stderr


def test_a_journal_of_an_older_dpsync_without_fields_is_refused(past: Past, tmp_path: Path) -> None:
    file = past.apply(calm=CALM)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    del lines[1]["fields"]
    (tmp_path / "older").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    refused = past.run("undo", "--journal", tmp_path / "older")
    assert refused.exit_code == 1
    assert "older:2 does not say what the call changed" in refused.stderr
    assert "Revert the commit and apply" in refused.stderr


def test_a_journal_whose_kind_or_id_is_made_up_asks_for_nothing_that_dpsync_does_not_know(
    past: Past, tmp_path: Path
) -> None:
    text = past.apply(calm=CALM).read_text(encoding="utf-8")
    (tmp_path / "a").write_text(text.replace("RequestForm/calm", "Webhook/calm"), encoding="utf-8")
    refused = past.run("undo", "--journal", tmp_path / "a")
    assert (refused.exit_code, "'Webhook', which this dpsync does not know" in refused.stderr) == (1, True)
    (tmp_path / "b").write_text(text.replace("RequestForm/calm", "Domain/calm"), encoding="utf-8")
    assert past.run("undo", "--journal", tmp_path / "b").exit_code == 1


def test_what_a_journal_says_was_created_is_deleted_only_if_its_id_is_of_this_workspace(
    past: Past, tmp_path: Path
) -> None:
    file = past.apply(calm=CALM)
    settings = past.root / "dpsync.yaml"
    settings.write_text(settings.read_text().replace(WORKSPACE_ID, "another-one-0000"), encoding="utf-8")
    forged = edited(file, tmp_path / "forged", workspace_id="another-one-0000")
    assert past.plan_of_undo("--journal", forged) == {"RequestForm/calm": ("not-created-here",)}
    refused = past.run("undo", "--journal", forged, "--auto-approve")
    assert refused.exit_code == 3
    assert refused.stdout.endswith("No changes to apply. 1 blocked.\n")


def test_what_changed_again_is_blocked_and_what_is_as_it_was_before_counts_as_done(past: Past) -> None:
    past.apply(calm=CALM, orders=ORDERS)
    past.apply(calm=CALM, orders=DESCRIBED)
    past.by_hand(f"PUT {path_of('orders')}", '{"description": "Once more."}')
    assert past.plan_of_undo("last") == {"DataProduct/orders": ("changed-again",)}
    blocked = past.run("undo", "last", "--auto-approve")
    assert blocked.exit_code == 3
    assert blocked.stdout.endswith("No changes to apply. 1 blocked.\n")
    past.by_hand(f"PUT {path_of('orders')}", '{"description": null}')
    assert past.plan_of_undo("last") == {}


def test_a_field_that_the_run_did_not_touch_may_have_changed(past: Past) -> None:
    past.apply(calm=CALM, orders=ORDERS)
    past.apply(calm=CALM, orders=DESCRIBED)
    past.by_hand(f"PUT {path_of('orders')}", '{"suspended": true}')
    assert past.plan_of_undo("last") == {"DataProduct/orders": ()}
    past.done("undo", "last", "--auto-approve")
    assert past.plan_of_undo(past.journals[-1].stem) == {
        "DataProduct/orders": ()
    }  # the undo itself can be undone


def test_a_created_object_that_was_worked_on_since_is_not_deleted(past: Past) -> None:
    past.apply(calm=CALM, orders=ORDERS)
    past.by_hand(f"PUT {path_of('orders')}", '{"name": "Orders of Jane"}')
    found = past.plan_of_undo("last")
    assert found["DataProduct/orders"] == ("changed-again",)
    assert found["RequestForm/calm"] == ("held-back",)


def test_a_deleted_object_that_was_made_again_since_is_not_overwritten(past: Past) -> None:
    past.apply(calm=CALM, orders=ORDERS)
    name = past.apply(calm=CALM).stem
    past.apply(calm=CALM, orders=DESCRIBED)
    unnamed = f"DataProduct/{path_of('orders').rpartition('/')[2]}"  # no manifest named it any more
    assert past.plan_of_undo(name) == {unnamed: ("changed-again",)}
    past.apply(calm=CALM, orders=f"{ORDERS}  description: null\n")
    assert past.plan_of_undo(name) == {}


def test_nothing_lets_what_changed_again_pass(past: Past) -> None:
    past.apply(calm=CALM, orders=ORDERS)
    refused = past.run("undo", "last", "--allow", "changed-again:DataProduct/orders")
    assert refused.exit_code == 1
    assert "changed-again is not a guardrail" in refused.stderr


def test_guardrails_hold_an_undo_back_like_any_other_plan(past: Past) -> None:
    past.apply(calm=CALM, orders=ORDERS)
    past.by_hand(f"POST {path_of('orders')}/request", '{"user": "{user:sofia.rossi}", "form": {}}')
    found = past.plan_of_undo("last")
    assert found["DataProduct/orders"] == ("delete-with-members",)
    allowed = past.plan_of_undo("last", "--allow", "delete-with-members:DataProduct/orders")
    assert allowed == {"DataProduct/orders": (), "RequestForm/calm": ()}


def left_by_an_interrupt(file: Path) -> None:
    """Write into a journal how a run ends that somebody stopped before it was done."""
    *lines, last = file.read_text(encoding="utf-8").splitlines()
    told = {"whole": False, "left": 1, "interrupted": True}
    file.write_text("\n".join([*lines, json.dumps(json.loads(last) | told)]) + "\n", encoding="utf-8")


def test_last_is_no_undo_that_is_complete(past: Past) -> None:
    of = past.apply(calm=CALM).stem[-8:]
    past.done("undo", "last", "--auto-approve")
    undo = past.journals[-1].stem[-8:]
    refused = past.run("undo", "last", "--auto-approve")
    told = " ".join(refused.stderr.split())
    assert (refused.exit_code, len(past.journals)) == (1, 2)
    assert f"The newest run, {undo}, is the undo of {of}, and complete" in told
    assert f"`dpsync undo {undo}` takes back the undo" in told


def test_an_undo_that_was_interrupted_goes_on_where_it_is_repeated(past: Past) -> None:
    past.apply(calm=CALM)
    past.done("undo", "last", "--auto-approve")
    left_by_an_interrupt(past.journals[-1])
    again = past.done("undo", "last", "--auto-approve")
    assert again.stdout.endswith("No changes. Nothing is left to undo.\n")
    assert "interrupted, 1 not made" in " ".join(past.done("history").stdout.split())


def test_an_undo_that_was_interrupted_of_a_run_whose_journal_is_elsewhere_names_the_way_out(
    past: Past, tmp_path: Path
) -> None:
    artifact = past.apply(calm=CALM).rename(tmp_path / "downloaded")
    past.done("undo", "--journal", artifact, "--auto-approve")
    left_by_an_interrupt(past.journals[-1])
    refused = past.run("undo", "last", "--auto-approve")
    assert refused.exit_code == 1
    assert "with `--journal FILE`" in " ".join(refused.stderr.split())


def test_of_a_run_that_changed_nothing_undo_names_the_one_before(past: Past) -> None:
    first = past.apply(calm=CALM)
    lines = first.read_text(encoding="utf-8").splitlines()
    name = "29990101T000000.000Z-00000000"
    edited(first, empty := first.with_name(f"{name}.jsonl"), run=name)
    empty.write_text("\n".join([empty.read_text().splitlines()[0], lines[-1]]) + "\n", encoding="utf-8")
    told = " ".join(past.done("undo", "last", "--auto-approve").stdout.split())
    assert "The run 00000000 of" in told
    assert "changed nothing, so there is nothing to undo of it." in told
    assert f"The run before it is {first.stem[-8:]}: `dpsync undo {first.stem[-8:]}`." in told


def test_the_commit_of_a_run_is_what_was_checked_out_and_not_what_it_changed(past: Past) -> None:
    in_git(past, "init", "--quiet")
    past.declare()
    in_git(past, "add", ".")
    in_git(past, "commit", "--quiet", "--message", "Nothing yet")
    past.apply(calm=CALM)
    dirty = past.run("undo", "last").stdout
    assert "Put them back as well" in " ".join(dirty.split())
    assert "was checked out, with changes to manifests that were not committed." in " ".join(dirty.split())
    assert "changes to manifests that were not committed" in " ".join(
        past.done("history", "show", "last").stdout.split()
    )
    in_git(past, "add", "products")
    in_git(past, "commit", "--quiet", "--message", "A form")
    (past.root / "plan.json").write_text("{}", encoding="utf-8")
    past.apply(calm=CALM.replace("Calm Form", "Form"))
    in_git(past, "commit", "--quiet", "--all", "--message", "Another name")
    past.apply(calm=CALM.replace("Calm Form", "Form"), orders=ORDERS)
    assert [one["dirty"] for one in json.loads(past.done("history", "--json").stdout)["runs"]] == [True] * 3
    in_git(past, "add", "products")
    in_git(past, "commit", "--quiet", "--message", "Orders")
    past.done("undo", "last", "--auto-approve")
    undone = json.loads(past.done("history", "--json").stdout)["runs"][0]
    assert (undone["command"], undone["dirty"]) == ("undo", False)


def in_git(past: Past, *arguments: str) -> None:
    who = ("-c", "user.name=Jane", "-c", "user.email=jane@example.com")
    subprocess.run(["git", "-C", str(past.root), *who, *arguments], check=True, capture_output=True)


def test_the_reports_name_the_command_and_the_journal_the_plan(past: Past) -> None:
    past.apply(calm=CALM)
    done = past.done("undo", "last", "--auto-approve", "--json")
    after = json.loads(done.stdout)
    assert (after["command"], [one["result"] for one in after["outcomes"]]) == ("undo", ["done"])
    first = json.loads(past.journals[-1].read_text(encoding="utf-8").splitlines()[0])
    assert first["fingerprint"] == after["fingerprint"]
    assert done.stderr.endswith("Put them back as well, or the next apply makes it all again.\n")
