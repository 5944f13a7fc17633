"""The texts themselves. They are the product: read them when they change. DPSYNC_GOLDEN=write writes them anew."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from reports.builders import PAGES, REPORTS, thousand
from reports.test_hostile_text import hostile_report

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {
    "text": "txt",
    "markdown": "md",
    "html": "html",
    "json": "json",
    "sarif": "sarif",
    "junit": "junit.xml",
    "github": "github",
    "gitlab": "gitlab.json",
    "gitlab-codequality": "codequality.json",
}
HOSTILE = "</td><script>alert(1)</script>```@everyone | ::error::x%0A]]> {{ 7 * 7 }} \x1b[31m\u202e\n::stop-commands::x"

HEAD, TAIL = 80, 20


@cache
def shown() -> dict[str, Report]:
    return {**REPORTS, "hostile": hostile_report(HOSTILE), "thousand": thousand()}


def golden_text(name: str, format_name: str) -> str:
    """What is kept of a text: of a page not its style and script, which no plan changes; of a very long one both ends."""
    report = replace(shown()[name], pages=PAGES) if format_name in {"html", "sarif"} else shown()[name]
    written = FORMATS[format_name](report, Page(folder="estate"))
    if format_name == "html":
        written = re.sub(r"(<style>|<script>).*?(?=</style>|</script>)", r"\1", written, flags=re.DOTALL)
        written = re.sub(r"sha256-[A-Za-z0-9+/]{43}=", "sha256-…", written)
    written = re.sub(r"dpsync-[0-9a-f]{32}", "dpsync-…", written)  # the word that switches commands on again
    lines = written.splitlines(keepends=True)
    if name == "thousand" and len(lines) > HEAD + TAIL:
        left = f"[… {len(lines) - HEAD - TAIL} lines …]\n"
        written = "".join((*lines[:HEAD], left, *lines[-TAIL:]))
    return written


@pytest.mark.parametrize("name", [*REPORTS, "hostile", "thousand"])
@pytest.mark.parametrize("format_name", FORMATS)
def test_a_report_reads_as_the_golden_file_says(name: str, format_name: str) -> None:
    written = golden_text(name, format_name)
    file = GOLDEN / f"{name}.{ENDINGS[format_name]}"
    if os.environ.get("DPSYNC_GOLDEN") == "write":
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")


def test_every_format_has_golden_files() -> None:
    assert set(ENDINGS) == set(FORMATS)


def test_every_golden_file_is_of_a_report() -> None:
    expected = {f"{name}.{ending}" for name in shown() for ending in ENDINGS.values()}
    assert {file.name for file in GOLDEN.iterdir()} == expected
