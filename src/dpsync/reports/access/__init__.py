"""What `dpsync access` says: lists of accesses, what is about to be asked or taken away, and what became of it.

A room of its own because these are no reports of a plan. Text for people and JSON for machines are made from the same
values (`model/membership.py`); what stands in the JSON is described in docs/cli.md.
"""

from __future__ import annotations
