"""Severities, thresholds, and exemptions: what is done with what a rule finds."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checks.asking import NOW
from dpsync import checks, planner
from dpsync.checks import exemptions
from dpsync.checks.rule import Planned
from dpsync.errors import UsageError
from dpsync.manifests.document import read_documents
from dpsync.model import plan as plan_module
from dpsync.model.access import Accesses
from dpsync.model.call import Action
from dpsync.model.change import Change, SourceChange
from dpsync.model.finding import Finding, Severity
from dpsync.model.place import Origin
from dpsync.model.plan import Plan
from dpsync.model.policy import Exemption, Policy
from dpsync.model.reference import Address, SourceReference
from planner.states import TARGET, change, desired, live, product

PLACE = Origin("exceptions/old.yaml", 1, 1)
RULE, RESOURCE = "delete-with-members", "DataProduct/p"


def granted(rule: str = RULE, resource: str = RESOURCE, until: str = "2026-12-31") -> Exemption:
    return Exemption(rule, resource, "Nobody reads it.", date.fromisoformat(until), PLACE)


def delete() -> Change:
    one = change("p", Action.DELETE)
    assert one.before is not None
    return replace(one, before=replace(one.before, accesses=Accesses(2, 0)))


def removal() -> Change:
    one = delete()
    return replace(
        one,
        actions=(Action.REPLACE_SOURCES,),
        sources=SourceChange(removed=(SourceReference("id", "1", id="1"),)),
    )


def planned(*granted: Exemption, of: Change | None = None, **guardrails: dict[str, object]) -> Planned:
    chosen = {name.replace("_", "-"): mine for name, mine in guardrails.items()}
    only = {rule.name: {"severity": "off"} for rule in checks.GUARDRAILS} | {
        RULE: {},
        "source-removal": {},
        **chosen,
    }
    policy = Policy(guardrails=only, exemptions=granted)
    return Planned(desired(product("p")), live(), Plan(TARGET, (of or delete(),)), policy, NOW)


def found(*granted: Exemption, **more: Any) -> list[Finding]:
    return list(checks.findings(planned(*granted, **more)))


# severities


def test_a_finding_keeps_its_own_severity_unless_one_is_chosen() -> None:
    (mine,) = found(of=removal())
    assert mine.severity is Severity.WARNING
    (chosen,) = found(of=removal(), source_removal={"severity": "error"})
    assert chosen.severity is Severity.ERROR
    assert found(of=removal(), source_removal={"severity": "off"}) == []


def test_a_threshold_that_is_chosen_alone_leaves_the_severity_as_it_is() -> None:
    (mine,) = found(of=removal(), source_removal={"members": 1})
    assert mine.severity is Severity.ERROR


def test_a_rule_that_is_off_by_default_is_asked_once_it_has_a_severity() -> None:
    assert [one.rule for one in found(retire_before_delete={})] == [RULE]
    both = found(retire_before_delete={"severity": "warning"})
    assert [(one.rule, one.severity) for one in both] == [
        (RULE, Severity.ERROR),
        ("retire-before-delete", Severity.WARNING),
    ]


def test_every_finding_has_one_of_the_severities_that_its_rule_announces() -> None:
    for one in (*found(), *found(of=removal())):
        (rule,) = [rule for rule in checks.GUARDRAILS if rule.name == one.rule]
        assert one.severity in rule.severities


# exemptions


def test_what_is_exempted_is_a_warning_that_says_by_whom() -> None:
    (finding,) = found(granted())
    assert finding.severity is Severity.WARNING
    assert finding.message.endswith(
        "for good. Allowed until 2026-12-31 by exceptions/old.yaml: Nobody reads it."
    )


def test_what_the_command_line_allows_is_a_warning_too() -> None:
    (finding,) = found(checks.allowance(f"{RULE}:{RESOURCE}"))
    assert finding.severity is Severity.WARNING
    assert finding.message.endswith("for good. Allowed with `--allow`.")


def test_the_last_day_still_counts_and_the_day_after_does_not() -> None:
    (allowed,) = found(granted(until=NOW.date().isoformat()))
    assert not allowed.is_error
    blocked, over = found(granted(until="2026-05-31"))
    assert blocked.is_error
    assert (over.rule, over.severity, over.origin) == ("exception-expired", Severity.WARNING, PLACE)
    assert "ended on 2026-05-31" in over.message


def test_an_exemption_of_which_one_is_over_holds_by_the_other() -> None:
    allowed, over = found(granted(until="2026-05-31"), granted())
    assert (allowed.is_error, over.rule) == (False, "exception-expired")


@pytest.mark.parametrize(
    ("exemption", "says", "remedy"),
    [
        (
            granted("source-removal"),
            "allows nothing in this plan.",
            "Remove it, or keep it if another environment",
        ),
        (
            granted(resource="DataProduct/pp"),
            "No manifest declares DataProduct/pp.",
            "Did you mean DataProduct/p?",
        ),
        (
            granted(resource="DataProduct/89bcac78-93a5-87b6-a6ac-342e7f18dd48"),
            "allows nothing in this plan.",
            "Remove it",
        ),
        (
            Exemption("source-removal", RESOURCE),
            "`--allow source-removal:DataProduct/p` allows",
            "Leave it out.",
        ),
    ],
)
def test_an_exemption_of_no_use_is_named(exemption: Exemption, says: str, remedy: str) -> None:
    blocked, unused = found(exemption)
    assert blocked.is_error
    assert (unused.rule, unused.severity) == ("exception-unused", Severity.WARNING)
    assert unused.origin == exemption.origin
    assert says in unused.message
    assert unused.remedy.startswith(remedy)


def test_an_exemption_from_what_only_warns_is_of_no_use() -> None:
    warning, unused = found(granted("source-removal"), of=removal())
    assert "Allowed" not in warning.message
    assert unused.rule == "exception-unused"


def test_asked_about_people_again_only_those_rules_answer_and_exemptions_hold() -> None:
    asked = planned(
        granted(),
        granted("source-removal"),
        granted(until="2026-01-01"),
        retire_before_delete={"severity": "error"},
    )
    (finding,) = checks.findings_about_people(asked)
    assert (finding.rule, finding.is_error) == (RULE, False)


def test_the_rules_about_people_are_these() -> None:
    about = [rule.name for rule in checks.GUARDRAILS if rule.about_people]
    assert about == ["delete-with-members", "source-removal", "sources-by-match"]


# what is written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("delete-with-members", "names no resource. → Write RULE:RESOURCE, such as "),
        (
            "delete-with-member:DataProduct/p",
            "There is no guardrail 'delete-with-member'. → Did you mean `delete-with",
        ),
        (
            "name-taken:DataProduct/p",
            "name-taken is not a guardrail, so there are no exceptions from it. → It says",
        ),
        ("delete-with-members:p", "'p' is not a resource. → Write KIND/KEY"),
        ("delete-with-members:DataProduct/", "'DataProduct/' is not a resource."),
        (
            "delete-with-members:DataProducts/p",
            "There is no kind 'DataProducts'. → Did you mean `DataProduct/p`?",
        ),
        (":DataProduct/p", "There is no guardrail ''. → `dpsync explain` lists them."),
    ],
)
def test_an_allowance_that_means_nothing_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        checks.allowance(text)
    assert says in f"{caught.value.message} → {caught.value.remedy}"


def test_an_allowance_names_a_rule_and_a_resource() -> None:
    assert checks.allowance("delete-with-members:DataProduct/na-sales") == Exemption(
        "delete-with-members", "DataProduct/na-sales"
    )


def test_an_exception_from_what_is_no_guardrail_is_an_error_at_its_place() -> None:
    (finding,) = checks.exemption_problems((granted("name-taken"), granted()))
    assert finding.is_error
    assert finding.origin == PLACE
    assert finding.message.startswith("name-taken is not a guardrail")


def test_the_findings_of_the_planner_are_known_by_name() -> None:
    folder = Path(str(planner.__file__)).parent
    files = (*folder.glob("*.py"), Path(str(plan_module.__file__)))
    codes = {
        argument.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"Finding", "_finding", "_error"}
        for argument in node.args
        if isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and re.fullmatch(r"[a-z]+(-[a-z]+)*", argument.value)
    }
    assert codes <= exemptions.PLANNER_FINDINGS, codes - exemptions.PLANNER_FINDINGS


WORKSPACE = """\
spec:
  environments:
    dev: {}
    prod:
      guardrails:
        wide-reach: {product: 5}
  guardrails:
    source-removals: {severity: off}
    too-many-deletes: {limit: -1, share: true}
    protected: {limit: 1}
"""


def test_what_is_wrong_about_guardrails_is_said_for_each_environment_at_its_place() -> None:
    (document,), _problems = read_documents(WORKSPACE.encode())
    told = [
        f"{one.origin} {one.message} → {one.remedy}" for one in checks.problems_of(document, "dpsync.yaml")
    ]
    assert told == [
        "dpsync.yaml:8:22 There is no guardrail `source-removals`. → Did you mean `source-removal`?",
        "dpsync.yaml:9:31 `limit` cannot be -1. → Write a number that is not negative.",
        "dpsync.yaml:9:42 `share` cannot be true. → Write a number that is not negative.",
        "dpsync.yaml:10:24 The guardrail protected has no threshold `limit`. → It has none; only `severity` can be set.",
        "dpsync.yaml:6:31 The guardrail wide-reach has no threshold `product`. → Did you mean `products`?",
    ]


def test_an_exception_by_key_is_about_the_declared_object_and_not_about_what_the_key_made_before() -> None:
    orphan = replace(delete(), address=Address("DataProduct", product("p").id), after=None)
    assert any(finding.is_error for finding in checks.findings(planned(granted(), of=orphan)))


def test_an_exception_by_key_still_holds_once_the_manifest_is_gone() -> None:
    orphan = replace(delete(), address=Address("DataProduct", product("p").id), after=None)
    gone = replace(planned(granted(), of=orphan), desired=desired())
    (finding,) = checks.findings(gone)
    assert finding.severity is Severity.WARNING
    assert "Allowed until 2026-12-31" in finding.message
