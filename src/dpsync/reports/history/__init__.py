"""What `dpsync history` prints: a table of past runs, and one run call by call; both also as JSON.

A room of its own inside `reports/` because a past run is no report: it has no plan and no verdict, only what was written
down. Text and JSON are made from the same values (`model/history.py`); docs/history.md describes the JSON.
"""

from __future__ import annotations
