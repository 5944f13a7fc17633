"""The texts themselves. They are the product: read them when they change. DPSYNC_GOLDEN=write writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dpsync.model.report import Page
from dpsync.reports import FORMATS
from reports.builders import REPORTS

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"text": "txt", "markdown": "md", "json": "json"}


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_a_report_reads_as_the_golden_file_says(name: str, format_name: str) -> None:
    written = FORMATS[format_name](REPORTS[name], Page())
    file = GOLDEN / f"{name}.{ENDINGS[format_name]}"
    if os.environ.get("DPSYNC_GOLDEN") == "write":
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")


def test_every_golden_file_is_of_a_report() -> None:
    expected = {f"{name}.{ending}" for name in REPORTS for ending in ENDINGS.values()}
    assert {file.name for file in GOLDEN.iterdir()} == expected
