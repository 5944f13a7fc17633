"""What `dpsync doctor` prints: a line for everything that was looked at, for people and for machines.

A room of its own inside `reports/` because an examination is no report of a run: it has no plan and no manifests.
"""

from __future__ import annotations

from dpsync.reports.doctor.json import as_json
from dpsync.reports.doctor.text import as_text

__all__ = ["as_json", "as_text"]
