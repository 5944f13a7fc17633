"""A saved plan is the plan: nothing is lost, nothing is taken for a plan that is none, and its fields are documented."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dpsync import pipeline
from dpsync.errors import UsageError
from dpsync.kinds import KINDS
from dpsync.kinds.review_flow import Approve
from dpsync.model.call import Action
from dpsync.model.change import Provenance
from dpsync.model.fields import Effect
from dpsync.model.finding import Severity
from dpsync.model.fingerprint import fingerprint, plan_fingerprint
from dpsync.model.place import Layer
from dpsync.model.plan import Plan
from dpsync.model.reference import Address
from dpsync.model.resource import LiveResource
from dpsync.planner import planfile
from dpsync.planner.planfile import FORMAT_VERSION, dump, read
from dpsync.planner.planfile.values import specs
from planner import states
from planner.saving import SCHEMA, against_the_schema, anatomy, plan_with_everything, said_nowhere, with_calls
from telling import forget_the_surroundings, tell

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "plan-file.md"
STORIES = ROOT / "tests" / "stories"

EVERYTHING = plan_with_everything()
NOTHING = states.pruning(on=states.live())
SMALL = with_calls(states.pruning(states.agreement("terms"), states.product("orders"), on=states.live()))
PLANS = {"everything": EVERYTHING, "nothing": NOTHING, "small": SMALL}
each_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())


def is_saved_and_read(plan: Plan) -> str:
    """The text of the plan, after it was read back as the same plan, to the last part."""
    text = dump(plan)
    again = read(text)
    assert again == plan
    assert anatomy(again) == anatomy(plan)
    assert dump(again) == text
    assert plan_fingerprint(again) == plan_fingerprint(plan)
    assert against_the_schema(text) == []
    return text


@each_plan
def test_a_plan_is_read_as_it_was_saved(plan: Plan) -> None:
    text = is_saved_and_read(plan)
    assert text.isascii()
    assert text.endswith("}\n")


def test_the_plan_with_everything_has_everything() -> None:
    text = dump(EVERYTHING)
    for name in [*specs().keys() - {"Approve", "DomainDefaults"}, "reference", "source", "json"]:
        assert f'"$": "{name}"' in text, name
    assert '"$unmanaged"' in text
    assert {action for one in EVERYTHING.changes for action in one.actions} == {*Action}
    assert said_nowhere(EVERYTHING) == {"Line.number", "Resource.patches"}
    assert EVERYTHING.applicable
    assert len(EVERYTHING.blocked) > 2
    assert len({one.kind for one in EVERYTHING.changes}) == len(KINDS)


def test_a_live_product_is_equal_to_what_was_saved_of_it() -> None:
    (change,) = (one for one in EVERYTHING.changes if one.address == Address("DataProduct", "orders"))
    before = read(dump(EVERYTHING)).by_address[change.address].before
    assert change.before is not None
    assert before is not None
    assert type(before) is LiveResource
    assert type(change.before) is not LiveResource
    assert before == change.before
    assert change.before == before
    assert before != replace(change.before, revision="2031")
    assert change.before != replace(before, revision="2031")


def test_a_resource_remembers_where_its_document_stands() -> None:
    after = read(dump(SMALL)).by_address[Address("DataUseAgreement", "terms")].after
    assert after is not None
    assert after.origin == after.origins.of(("body",)) == states.Line().of(())


def test_every_change_has_its_fingerprint_and_the_plan_has_its_own() -> None:
    saved = json.loads(dump(EVERYTHING))
    assert saved["fingerprint"] == plan_fingerprint(EVERYTHING)
    assert [one["fingerprint"] for one in saved["changes"]] == [
        fingerprint(one, EVERYTHING.target) for one in EVERYTHING.changes
    ]


# What is refused


def edited(plan: Plan, edit: Callable[[dict[str, Any]], object], **header: Any) -> str:
    """The file of the plan after somebody edited it and made the checksum anew."""
    saved = json.loads(dump(plan))
    edit(saved)
    body = {name: one for name, one in saved.items() if name not in {"format_version", "checksum"}}
    return json.dumps(saved | {"checksum": planfile._checksum(body)} | header)


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as raised:
        read(text)
    assert raised.value.remedy
    return raised.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("apiVersion: dpsync/v1beta1", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "no `format_version`"),
        ("null", "no `format_version`"),
        ('{"format_version": 1, "checksum": ""}', "no `format_version`"),
        ('{"format_version": "one", "checksum": ""}', "no `format_version`"),
        ('{"format_version": "1.0", "command": "plan"}', "it is a report for machines"),
        ('{"format_version": "1.0", "changes": []}', "no `checksum`"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)
    assert refusal(text).startswith("This is not a saved plan: ")


def test_a_plan_of_a_newer_format_is_refused_before_anything_else_of_it_is_looked_at() -> None:
    newer = '{"format_version": "2.0", "checksum": "of another kind", "steps": []}'
    assert refusal(newer) == (
        "This saved plan was made by a newer dpsync: its format is 2.0, and this dpsync reads 1.1."
    )
    assert "an older dpsync" in refusal(newer.replace("2.0", "0.9"))


def _change(saved: dict[str, Any], **values: Any) -> None:
    saved["changes"][0].update(values)


ACCIDENTS: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "a title": lambda saved: _change(saved, title="Harmless"),
    "a blocked change": lambda saved: next(one for one in saved["changes"] if one["blocked"]).update(
        blocked=[]
    ),
    "a lost change": lambda saved: saved["changes"].pop(),
    "another tenant": lambda saved: saved["target"].update(tenant="other"),
    "a fingerprint": lambda saved: saved.update(fingerprint="sha256:" + "0" * 64),
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_a_plan_that_was_changed_by_accident_is_refused(accident: str) -> None:
    saved = json.loads(dump(EVERYTHING))
    ACCIDENTS[accident](saved)
    assert "was changed after it was made: its checksum" in refusal(json.dumps(saved))


def test_the_layout_of_the_file_does_not_matter() -> None:
    assert read(json.dumps(json.loads(dump(EVERYTHING)), sort_keys=True, separators=(",", ":"))) == EVERYTHING


def first(saved: dict[str, Any], action: str) -> dict[str, Any]:
    return next(one for one in saved["changes"] if action in one["actions"] and not one["blocked"])


EDITS: Mapping[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a body": (
        lambda saved: first(saved, "create")["calls"][0]["body"].update(name="Mine"),
        "is not what its fingerprint says",
    ),
    "a change's fingerprint": (
        lambda saved: _change(saved, fingerprint="sha256:" + "0" * 64),
        "is not what its fingerprint says",
    ),
    "the plan's fingerprint": (
        lambda saved: saved.update(fingerprint="sha256:" + "0" * 64),
        "the plan is not what its fingerprint says",
    ),
    "a lost change": (lambda saved: saved["changes"].remove(first(saved, "create")), "the plan is not what"),
    "another tenant": (lambda saved: saved["target"].update(tenant="other"), "is not what its fingerprint"),
    "an unknown kind": (lambda saved: _change(saved, address="DataProdukt/x"), "has the kind 'DataProdukt'"),
    "no address": (lambda saved: _change(saved, address=None), "has the kind 'None'"),
    "an unknown field": (lambda saved: _change(saved, force=True), "a change has a field `force` that"),
    "a missing field": (lambda saved: saved["changes"][0].pop("wave"), "a change has no `wave`"),
    "an unknown part": (lambda saved: saved.update(extra=1), "the plan has a field `extra` that"),
    "an unknown field of a spec": (
        lambda saved: first(saved, "create")["after"]["spec"].update(colour="red"),
        "has a field `colour` that this dpsync does not know",
    ),
    "an unknown class of spec": (
        lambda saved: first(saved, "create")["after"]["spec"].update({"$": "Dashboard"}),
        "a value is 'Dashboard', which this dpsync does not know",
    ),
    "the spec of another kind": (
        lambda saved: first(saved, "create")["after"]["spec"].update({"$": "DomainSpec"}),
        "",
    ),
    "an unknown action": (lambda saved: _change(saved, actions=["replace"]), "'replace' is not a valid"),
    "an unknown severity": (
        lambda saved: saved["findings"][0].update(severity="fatal"),
        "a value is not what this dpsync expects ('fatal')",
    ),
    "no list of changes": (lambda saved: saved.update(changes=None), "a value is not what"),
    "a source that is none": (
        lambda saved: _change(saved, sources={"added": ["x"], "removed": [], "kept": 0}),
        "an entry of a list of sources is no source",
    ),
    "a part of a path that there is none of": (
        lambda saved: _change(
            saved,
            sources={
                "added": [{"$": "source", "text": "x", "how": "id", "path": {"planet": "x"}}],
                "removed": [],
                "kept": 0,
            },
        ),
        "a value is not what",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_plan_that_does_not_agree_with_itself_is_refused(edit: str) -> None:
    change, said = EDITS[edit]
    message = refusal(edited(EVERYTHING, change))
    assert message.startswith("This saved plan was changed after it was made: ")
    assert said in message


def test_of_a_later_format_what_is_known_is_read_and_what_is_not_is_refused() -> None:
    assert read(edited(EVERYTHING, dict, format_version="1.7")) == EVERYTHING
    message = refusal(edited(EVERYTHING, lambda saved: _change(saved, until="noon"), format_version="1.7"))
    assert "made by another dpsync (its format is 1.7, and this dpsync writes 1.1)" in message
    assert "`until`" in message


# The schema


def test_the_schema_knows_the_kinds_and_every_class_of_value() -> None:
    known = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    assert known["kind"]["enum"] == list(KINDS)
    assert known["spec"]["properties"]["$"]["enum"] == sorted(specs())
    change = known["change"]["properties"]
    assert change["actions"]["items"]["enum"] == [one.value for one in Action]
    assert change["provenance"]["enum"] == [*(one.value for one in Provenance), None]
    assert known["field"]["properties"]["effects"]["items"]["enum"] == [one.value for one in Effect]
    assert {*known["finding"]["properties"]["severity"]["enum"]} == {one.word for one in Severity}
    assert known["origin"]["properties"]["layer"]["enum"] == [one.value for one in Layer]


@pytest.mark.parametrize(
    "edit", [name for name in EDITS if name.startswith(("an unknown", "a missing", "no "))]
)
def test_the_schema_refuses_what_is_unknown_as_well(edit: str) -> None:
    if edit == "an unknown field of a spec":
        return  # it knows the shape of a spec, and not the fields of each
    assert against_the_schema(edited(EVERYTHING, EDITS[edit][0]))


def test_no_class_of_spec_is_lost_or_renamed() -> None:
    """Their names stand in saved plans: who renames one raises the format's version."""
    assert {*specs()} >= {Approve.__name__, *(kind.spec.__name__ for kind in KINDS.values())}
    assert len(specs()) == 22


# The page


OPAQUE = frozenset({"spec", "body", "unmanaged", "labels", "names", "details"})
"""Fields whose keys are those of a manifest, of the wire, of a kind or of a person; and details, told in a sentence."""


def keys(value: Any, path: str = "") -> set[str]:
    if isinstance(value, list):
        return set().union(*(keys(entry, f"{path}[]") for entry in value))
    if not isinstance(value, dict) or path.rpartition(".")[2].removesuffix("[]") in OPAQUE:
        return set()
    if "$" in value:
        return set()
    found: set[str] = set()
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        found |= {here} | keys(inner, here)
    return found


def resolved(key: str) -> str:
    """What stands in several places is documented once."""
    for place, name in (
        (r"^(changes\[\]\.blocked|findings)\[\]\.", "finding."),
        (r"^.*origin\.", "origin."),
        (r"^(changes\[\]\.before|kept\[\])\.", "live."),
        (r"^changes\[\]\.impact\.(gained|lost)\[\]\.", "gained."),
        (r"^changes\[\]\.", "change."),
    ):
        key = re.sub(place, name, key)
    return key


def test_every_field_is_documented_and_every_documented_field_exists() -> None:
    page = PAGE.read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    assert {resolved(key) for key in keys(json.loads(dump(EVERYTHING)))} == documented
    assert f"`{FORMAT_VERSION}`" in page


# Stories


def _plans_of(story: str) -> bool:
    steps = tomllib.loads((STORIES / story / "story.toml").read_text(encoding="utf-8"))["step"]
    return any(step.get("run", "").startswith(("plan", "apply")) for step in steps)


TOLD = sorted(path.parent.name for path in STORIES.glob("*/story.toml") if _plans_of(path.parent.name))


@pytest.mark.parametrize("story", TOLD)
def test_the_plans_of_a_story_are_saved_and_read(
    story: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The story is told as it is; every plan on its way to a report is looked at."""
    forget_the_surroundings(monkeypatch)
    looked_at: list[Plan] = []
    reported = pipeline.report_of_plan

    def watched(found: pipeline.Declared, plan: Plan, *rest: Any, **named: Any) -> Any:
        looked_at.append(plan)
        return reported(found, plan, *rest, **named)

    monkeypatch.setattr(pipeline, "report_of_plan", watched)
    tell(
        STORIES / story, tomllib.loads((STORIES / story / "story.toml").read_text(encoding="utf-8")), tmp_path
    )
    for plan in looked_at:
        assert '"Bearer' not in is_saved_and_read(plan)
