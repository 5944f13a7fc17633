"""`docs/guardrails.md` lists every rule as it is. `DPSYNC_GOLDEN=write` writes the table anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import yaml

from dpsync import checks
from dpsync.checks import GUARDRAILS
from dpsync.checks.rule import Rule
from dpsync.manifests.exceptions import read_exceptions
from telling import GOLDEN

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "guardrails.md"


def _row(rule: Rule) -> str:
    thresholds = ", ".join(f"`{name}: {number:g}`" for name, number in rule.defaults.items())
    return f"| `{rule.name}` | {rule.severity_text} | {thresholds} | {rule.summary} |"


def _with_table(page: str) -> str:
    head = "| Guardrail | Severity | Thresholds | Rule |\n| --- | --- | --- | --- |"
    table = "\n".join((head, *map(_row, GUARDRAILS)))
    return re.sub(
        r"(<!-- rules -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{table}\n{found[2]}",
        page,
        flags=re.DOTALL,
    )


def test_the_page_lists_every_guardrail_with_its_defaults() -> None:
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get(GOLDEN) == "write":
        PAGE.write_text(_with_table(page), encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")
    assert _with_table(page) == page
    assert all(page.count(f"| `{rule.name}` |") == 1 for rule in GUARDRAILS)


def test_the_example_of_the_page_sets_what_exists() -> None:
    (example,) = _examples(PAGE)
    spec = yaml.safe_load(example)["spec"]
    assert not list(checks.problems(spec["guardrails"]))
    assert not list(checks.problems(spec["environments"]["test"]["guardrails"]))


def test_the_exception_of_the_manifest_page_is_valid(tmp_path: Path) -> None:
    (example,) = [one for one in _examples(DOCS / "manifests.md") if "GuardrailException" in one]
    (tmp_path / "exceptions").mkdir()
    (tmp_path / "exceptions" / "x.yaml").write_text(example, encoding="utf-8")
    exemptions, findings = read_exceptions(tmp_path, "exceptions")
    assert findings == ()
    assert len(exemptions) == 1
    assert checks.exemption_problems(exemptions) == ()


def _examples(page: Path) -> list[str]:
    return re.findall(r"^```yml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
