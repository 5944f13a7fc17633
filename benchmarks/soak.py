"""A soak: thousands of products, random edits, random faults, for as long as one likes; nothing is lost, and memory stays flat.

    python benchmarks/soak.py --products 10000 --minutes 60 --seed 7

Each round edits manifests, lets colleagues edit the marketplace by hand, and applies while one call in fifty goes wrong. Then
it applies without faults and looks: what the manifests say is there, a further plan is empty, every member that was there is
still there, and no object came twice. The marketplace is the sandbox, in this process; time leaps, so that a wait costs
nothing. Printed is a line for each round, and at the end what was seen, as JSON. Ends with 1 if anything was not as it
should be.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from dpsync import pipeline
from dpsync.apply.journal import Journal, Run
from dpsync.errors import DpsyncError
from dpsync.marketplace import ReadClient, WriteClient
from dpsync.model.call import Call
from dpsync.model.change import Change
from dpsync.model.identity import computed_id
from dpsync.model.plan import Target
from dpsync.model.policy import Policy
from dpsync.model.secret import Token
from dpsync.sandbox import DEFAULT_TOKEN, Store, create_app
from dpsync.sandbox.doors import BASE_URL, InProcess
from dpsync.sandbox.seed import large_world
from dpsync.settings import Settings
from marketplace.leaping import clock, leaping

WORKSPACE: Final = "soak-5c1f9a7e"
SOURCES: Final = 4
PER_DOMAIN: Final = 100
EDITS: Final = 40
BY_HAND: Final = 10
ONE_IN: Final = 50
WARM_UP: Final = 2
"""Rounds until everything is loaded and warm; memory is compared from then on."""

MOST_GROWTH: Final = 0.10
RULES_OFF: Final = ("probable-rename", "too-many-deletes", "undocumented-product")


class Quiet:
    """Hears nothing."""

    def started(self, change: Change) -> None: ...

    def calling(self, change: Change, call: Call) -> None: ...

    def called(self, change: Change, call: Call, result: str, message: str) -> None: ...

    def ended(self, change: Change, result: str, message: str) -> None: ...


@dataclass
class Weather(httpx2.AsyncBaseTransport):
    """The way into the sandbox, on which now and then something goes wrong."""

    inner: InProcess
    chance: random.Random
    stormy: bool = True
    seen: Counter[str] = field(default_factory=Counter)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not self.stormy or self.chance.randrange(ONE_IN):
            return await self.inner.handle_async_request(request)
        what = self.chance.choice(("429", "503", "reset", "lost", "500 after", "slow", "html"))
        self.seen[what] += 1
        if what == "429":
            return httpx2.Response(429, headers={"retry-after": "2"}, content=b"{}")
        if what == "503":
            return httpx2.Response(503, content=b"<html>")
        if what == "reset":
            raise httpx2.ReadError("reset", request=request)
        if what == "slow":
            await asyncio.sleep(self.chance.random() * 60)
        response = await self.inner.handle_async_request(request)
        if what == "lost":
            raise httpx2.ReadError("lost", request=request)
        if what == "500 after":
            return httpx2.Response(500, content=b"{}")
        if what == "html" and not self.chance.randrange(10):
            return httpx2.Response(200, content=b"<html>Sign in</html>")
        return response


@dataclass
class Product:
    """What the manifest of a product says."""

    number: int
    sources: set[int]
    description: str
    suspended: bool = False
    revision: int = 0

    @property
    def key(self) -> str:
        return f"product-{self.number:05d}"

    def text(self) -> str:
        place = self.number // PER_DOMAIN
        sources = "".join(f"    - {{id: '{source}'}}\n" for source in sorted(self.sources))
        return (
            f"apiVersion: dpsync/v1beta1\nkind: DataProduct\nmetadata: {{name: {self.key}}}\nspec:\n"
            f"  name: Product {self.number:05d}{f' r{self.revision}' if self.revision else ''}\n"
            f"  description: {self.description}\n  domain: {{name: Domain {place:03d}}}\n"
            f"  requestForm: {{name: Standard Request Form}}\n"
            f"  lifecycle: {'suspended' if self.suspended else 'active'}\n  sources:\n{sources}"
        )


class Soak:
    """A workspace, a marketplace, and what has to be true of the two."""

    def __init__(self, root: Path, products: int, seed: int) -> None:
        self.root = root
        self.chance = random.Random(seed)
        self.store = Store(":memory:")
        self.store.load(large_world(products, sources_per_product=SOURCES, product_id=_identity))
        self.weather = Weather(InProcess(create_app(self.store)), random.Random(seed))
        self.products = [_at_first(number) for number in range(products)]
        self.members = self._members()
        self.settings = _settings(root)
        for each in self.products:
            self._write(each)

    def round(self) -> tuple[int, Counter[str]]:
        """Edit, apply in bad weather, apply in good weather, and look; answers how many changes there were."""
        for each in self.chance.sample(self.products, EDITS):
            self._edit(each)
        with self.store.transaction():
            for each in self.chance.sample(self.products, BY_HAND):
                self.store.update("products", _identity(each.number), {"description": "By hand."})
        self.weather.stormy = True
        outcomes = self._apply()
        self.weather.stormy = False
        self._apply()
        left = self._apply()
        assert not left, f"{len(left)} changes are left"
        self._look()
        return len(outcomes), Counter(str(one) for one in outcomes)

    def _edit(self, each: Product) -> None:
        what = self.chance.choice(("describe", "rename", "suspend", "source"))
        if what == "describe":
            each.description = f"Edited {self.chance.randrange(10**6)}"
        elif what == "rename":
            each.revision += 1
        elif what == "suspend":
            each.suspended = not each.suspended
        else:
            first = each.number * SOURCES + 1
            each.sources ^= {self.chance.randrange(first, first + SOURCES)}
            each.sources |= {first}
        self._write(each)

    def _write(self, each: Product) -> None:
        file = self.root / "products" / f"{each.number // PER_DOMAIN:03d}" / f"{each.key}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(each.text(), encoding="utf-8")

    def _apply(self) -> Sequence[str]:
        """What became of each change; nothing if the weather did not even let it be planned."""

        async def applied() -> list[str]:
            found = pipeline.declared(self.settings)
            async with self._client(ReadClient) as reader:
                known = await pipeline.planned(self.settings, found.desired, reader)
            if not known.plan.complete and not self.weather.stormy:
                raise AssertionError("the plan is incomplete in good weather")
            if not known.plan.has_changes:
                return []
            blocked = [str(each.address) for each in known.plan.blocked]
            if blocked and not self.weather.stormy:
                raise AssertionError(f"held back: {blocked}")
            with _journal(self.root) as journal:
                async with self._client(WriteClient) as writer:
                    during = pipeline.During(journal, Quiet(), asyncio.Event(), asyncio.sleep)
                    outcomes = await pipeline.applied(self.settings, known, writer, during)
            return [str(each.result) for each in outcomes]

        try:
            return _at_once(applied())
        except DpsyncError:
            if not self.weather.stormy:
                raise
            return ["not planned"]

    def _client(self, client: Any) -> Any:
        return client(BASE_URL, Token(DEFAULT_TOKEN), transport=self.weather, parallelism=16, clock=clock)

    def _look(self) -> None:
        """Whether the marketplace is as the manifests say, and everybody is still where they were."""
        found = self.store.snapshot()["products"]
        assert found.keys() == {_identity(each.number) for each in self.products}, "an object came or went"
        for each in self.products:
            row = found[_identity(each.number)]
            assert row["description"] == each.description, each.key
            assert row["suspended"] == each.suspended, each.key
            assert {int(one) for one in row["sources"]} == each.sources, each.key
        assert self._members() == self.members, "somebody came or went"

    def _members(self) -> frozenset[tuple[str, str]]:
        rows = self.store.rows("SELECT product, user FROM requests WHERE status = 'APPROVED'")
        return frozenset((row["product"], row["user"]) for row in rows)


def _at_once(work: Coroutine[Any, Any, Sequence[str]]) -> Sequence[str]:
    return leaping(work)[0]


def _at_first(number: int) -> Product:
    first = number * SOURCES + 1
    return Product(number, set(range(first, first + SOURCES)), f"Records of subject {number}.")


def _identity(number: int) -> str:
    return computed_id(WORKSPACE, "DataProduct", f"product-{number:05d}")


def _settings(root: Path) -> Settings:
    return Settings(
        root=root,
        workspace="soak",
        workspace_id=WORKSPACE,
        manifests=("products",),
        environment="sandbox",
        url="sandbox:",
        vintage="v2",
        prune=True,
        token_variable="DPSYNC_TOKEN",
        parallelism=16,
        policy=Policy(guardrails={rule: {"severity": "off"} for rule in RULES_OFF}),
    )


def _journal(root: Path) -> Journal:
    from datetime import UTC, datetime
    from secrets import token_bytes

    run = Run(Target("soak", WORKSPACE, "sandbox", "sandbox:"), "soak", "0")
    return Journal.open(root / ".dpsync", run, lambda: datetime.now(UTC), token_bytes)


def resident() -> float:
    """The memory of this process, in MB."""
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def soak(products: int, seconds: float, seed: int) -> dict[str, Any]:
    """Rounds until the time is over, and at least four; what was seen."""
    with tempfile.TemporaryDirectory() as folder:
        one = Soak(Path(folder), products, seed)
        until = time.monotonic() + seconds
        memory: list[float] = []
        results: Counter[str] = Counter()
        while time.monotonic() < until or len(memory) < WARM_UP + 2:
            began = time.monotonic()
            changes, became = one.round()
            results += became
            memory.append(resident())
            took = time.monotonic() - began
            print(f"round {len(memory)}: {changes} changes, {took:.1f} s, {memory[-1]:.0f} MB", flush=True)
    warm = memory[WARM_UP - 1 :]
    growth = max(warm[len(warm) // 2 :]) / max(warm[: (len(warm) + 1) // 2]) - 1
    return {
        "rounds": len(memory),
        "products": products,
        "became": dict(results),
        "faults": dict(one.weather.seen),
        "memory": [round(each) for each in memory],
        "growth": round(growth, 3),
    }


def main() -> int:
    """Soak as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=7)
    wanted = parser.parse_args()
    seen = soak(wanted.products, wanted.minutes * 60, wanted.seed)
    print(json.dumps(seen))
    return 1 if seen["growth"] > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
