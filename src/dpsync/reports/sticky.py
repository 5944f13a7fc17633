"""The one comment of an environment: the newest report, and folded below it the earlier ones.

A room of its own because it is text and nothing else: which comment it is, and who may edit it, is the business of
`hosts/`. The comment is told by a hidden line at its top; hidden lines stand between its parts, and no line of a report
looks like one (`markup.fence`). It must never cut a report: one that does not fit any more is named and left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dpsync.reports.markup import escaped, folded

KEPT = 5
"""How many earlier reports a comment keeps, as far as they fit."""

OPENING = "### dpsync "
"""What every Markdown report begins with."""

_ABOUT = "<!-- dpsync about -->"
_EARLIER = "<!-- dpsync earlier -->"
_HIDDEN = re.compile(r"^<!-- dpsync ", re.MULTILINE)
_VERDICT = re.compile(r"^\*\*(.+)\*\*$", re.MULTILINE)
_COMMIT = re.compile(r"^_For commit `([0-9a-f]{7,64})`", re.MULTILINE)
_TOO_LONG = "_It is too long to be kept here. The history of this comment has it._"


@dataclass(frozen=True, slots=True)
class Sticky:
    """Which comment it is, and what is known about the run that writes it; `limit` is how long it may be."""

    environment: str
    name: str = ""
    commit: str = ""
    link: str = ""
    limit: int = 65_536

    @property
    def mark(self) -> str:
        """The hidden line by which the comment is found again."""
        told = hashlib.sha256(f"{self.name}\0{self.environment}".encode())
        return f"<!-- dpsync comment {told.hexdigest()[:16]} -->"


def is_report(text: str) -> bool:
    """Whether a text is a Markdown report of dpsync, and holds none of the hidden lines of a comment."""
    return text.startswith(OPENING) and not _HIDDEN.search(text)


def written(sticky: Sticky, report: str, former: str = "") -> str:
    """The comment with this report, and with what stood in it before folded below. The same report is not kept twice."""
    top = "\n".join((sticky.mark, report.rstrip("\n"), "", _ABOUT, _about(sticky)))
    text = top.rstrip("\n") + "\n"
    for entry in tuple(_earlier(sticky, report.rstrip("\n"), former))[:KEPT]:
        for version in (entry, _without_report(entry)):
            longer = f"{text}\n{_EARLIER}\n{version}\n"
            if len(longer) <= sticky.limit:
                text = longer
                break
    return text


def _about(sticky: Sticky) -> str:
    parts = [
        f"commit `{sticky.commit}`" if sticky.commit else "",
        f"[the run]({sticky.link})" if sticky.link else "",
    ]
    words = ", ".join(part for part in parts if part)
    return f"_For {words}._\n" if words else ""


def _earlier(sticky: Sticky, report: str, former: str) -> Iterator[str]:
    """The earlier reports, newest first, each as it is folded."""
    former = former.replace("\r\n", "\n")
    if not former.startswith(f"{sticky.mark}\n"):
        return
    newest, *older = former.removeprefix(f"{sticky.mark}\n").split(f"\n{_EARLIER}\n")
    text, _, about = newest.partition(f"\n{_ABOUT}\n")
    if text.strip("\n") not in {report, ""}:
        commit = _COMMIT.search(about)
        yield _as_earlier(text.strip("\n"), commit[1] if commit else "")
    yield from (entry.strip("\n") for entry in older)


def _as_earlier(report: str, commit: str) -> str:
    verdict = _VERDICT.search(report)
    which = f", for commit <code>{commit}</code>" if commit else ""
    return folded(f"Earlier{which}: {escaped(verdict[1]) if verdict else 'a report'}", report)


def _without_report(entry: str) -> str:
    """An earlier report by its summary alone."""
    summary = re.search(r"^<summary>(.*)</summary>$", entry, re.MULTILINE)
    return (
        f"<details>\n<summary>{summary[1] if summary else 'Earlier'}</summary>\n\n{_TOO_LONG}\n\n</details>"
    )
