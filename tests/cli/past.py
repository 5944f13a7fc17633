"""A workspace in process whose commands are run one after the other, and what they leave in journals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from cli.served import FORM, PRODUCT
from dpsync.cli import dpsync
from dpsync.model.identity import computed_id
from telling import WORKSPACE, WORKSPACE_ID, by_hand

ORDERS = PRODUCT.format(key="orders", name="Edge Orders", form="calm", table="ORDERS")
CALM = FORM.format(key="calm", name="Calm Form")


@dataclass(frozen=True)
class Past:
    """A workspace with runs behind it."""

    root: Path

    def declare(self, **files: str) -> None:
        """Put these manifests into the workspace, and no others."""
        folder = self.root / "products"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str | Path, answer: str | None = None) -> Result:
        """Run a command here, without a terminal."""
        words = [str(one) for one in arguments]
        here = {"DPSYNC_WORKSPACE": str(self.root), "LOGNAME": "maria"}
        return CliRunner().invoke(dpsync, words, prog_name="dpsync", env=here, input=answer)

    def done(self, *arguments: str | Path) -> Result:
        """Run a command that must end well."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result

    def apply(self, *options: str, **files: str) -> Path:
        """Apply these manifests; answers the journal."""
        self.declare(**files)
        self.done("apply", "--auto-approve", *options)
        return self.journals[-1]

    @property
    def journals(self) -> list[Path]:
        return sorted((self.root / ".dpsync" / "runs").glob("*.jsonl"))

    def plan_of_undo(self, *arguments: str | Path) -> dict[str, tuple[str, ...]]:
        """What an undo would change, if somebody said yes: each resource with what blocks it."""
        found: dict[str, tuple[str, ...]] = {}
        for line in self.run("undo", *arguments).stdout.splitlines():
            if change := re.match(r"  [-+~→!] (?:\w+ )?(\w+/[\w-]+) ", line):
                found[change[1]] = ()
            if blocked := re.match(r"      blocked by ([\w-]+):", line):
                last = next(reversed(found))
                found[last] += (blocked[1],)
        return found

    def by_hand(self, call: str, body: str | None = None) -> None:
        by_hand(self.root, call, body)


def opened(root: Path) -> Past:
    """A new workspace before a seeded marketplace."""
    root.mkdir()
    (root / "dpsync.yaml").write_text(WORKSPACE, encoding="utf-8")
    return Past(root)


def path_of(key: str) -> str:
    return f"/api/data-product/{computed_id(WORKSPACE_ID, 'DataProduct', key)}"
