"""What `dpsync plan --compare` prints: how two environments differ, for people and for machines.

A room of its own inside `reports/` because a comparison is no report of a run: it has no verdict, and nothing is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from dpsync.model.comparison import Comparison
from dpsync.model.report import Page
from dpsync.reports.compare.json import as_json
from dpsync.reports.compare.text import as_text

COMPARISONS: Mapping[str, Callable[[Comparison, Page], str]] = MappingProxyType(
    {"text": as_text, "json": as_json}
)
"""Every format of a comparison by the name that `--report` takes."""
