"""What a plan costs: dpsync beside a bare client that makes the same requests, in one run.

    python benchmarks/plan.py --products 1000 10000 --changed 500 --latency 20 --concurrency 16

First a plan with nothing to do, of each size; then, of the first size, one that changes 500 products, with the members of
products and without (`--impact managed` and `counts`). It writes a workspace, records the requests of its plan (`replay.py`), serves them on loopback after a fixed latency, and
then takes turns: the bare client, a plan within a process, `dpsync plan` as a whole process. Printed are medians, and
ratios of one run; `README.md` says how to read them. Nothing is asserted about time, and what is started ends with it.

This process stays small and imports none of ours: on Linux a child's peak memory begins with its parent's.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
REPLAY = str(HERE / "replay.py")
PER_DOMAIN = 100
SOURCES = 3
PER_CHANGED = 4
"""The same as in `replay.py`: where products change, each has one source more to lose."""

COUNTS, MANAGED = IMPACTS = "counts", "managed"

BLOCKED = 3
"""The exit code of a plan of which a guardrail holds something back."""

FORM = "Standard Request Form"


@dataclass(frozen=True, slots=True)
class Took:
    """What one process took: seconds of wall and of processor, and its peak memory in MB."""

    wall: float
    cpu: float
    memory: float
    text: str = ""


# -- the workspace ---------------------------------------------------------------------------------------------------


def write_workspace(folder: Path, products: int, concurrency: int, form: str, spacing: int) -> None:
    """A workspace whose manifests are what `large_world` holds: one file per product, a domain per hundred.

    The sources of the next product begin `spacing` later.
    """
    (folder / "dpsync.yaml").write_text(
        f"""\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata:
  name: benchmark
  id: benchmark-9d1f6c2a7b40
spec:
  manifests: [products]
  sensitiveTags: [Discovered.PII*]
  environments:
    replay:
      url: http://127.0.0.1:1/marketplace
      prune: true
      parallelism: {concurrency}
"""
    )
    domains = range(math.ceil(products / PER_DOMAIN))
    shared = folder / "products" / "_shared"
    shared.mkdir(parents=True)
    (shared / "domains.yaml").write_text("---\n".join(_domain(place, form) for place in domains))
    for number in range(products):
        home = folder / "products" / f"domain-{number // PER_DOMAIN:03d}"
        home.mkdir(exist_ok=True)
        (home / f"product-{number:05d}.yaml").write_text(_product(number, spacing))


def _domain(place: int, form: str) -> str:
    return f"""\
apiVersion: dpsync/v1beta1
kind: Domain
metadata:
  name: domain-{place:03d}
spec:
  name: Domain {place:03d}
  defaults:
    requestForm: {{name: {form}}}
"""


def _product(number: int, spacing: int) -> str:
    place = number // PER_DOMAIN
    first = number * spacing + 1
    sources = "".join(
        f"""\
    - database: ANALYTICS            # source {source} of the platform
      schema: D{place:03d}
      table: T{source:06d}
"""
        for source in range(first + 1, first + SOURCES)
    )
    return f"""\
# Owned by team {number % 17}. Questions go to the expert named below; changes by pull request.
# Consumers see the name and the description, nothing else of this file.
apiVersion: dpsync/v1beta1
kind: DataProduct
metadata:
  name: product-{number:05d}
  labels:
    team: team-{number % 17}
    tier: "{number % 3}"
    costCentre: "{4000 + number % 90}"
    reviewed: quarterly
spec:
  name: Product {number:05d}
  description: >-
    Records
    of subject
    {number}.
  domain: domain-{place:03d}
  subjectMatterExpert: user{number % 50:02d}@acme.example
  # The sources are tables of one schema; a table that moves is listed under its new path here,
  # and the plan shows one source less and one more.
  sources:
    - table: ANALYTICS.D{place:03d}.T{first:06d}
{sources}\
  # Takes the domain's form, which decides by itself; a form that delegates would need a flow of
  # the product's own, written as `reviewFlows` with one entry for each request type.
  # Active gives access back after a suspension; to take the product out of service, write
  # `retired` here for one apply, then remove the file.
  lifecycle: active
"""


def environ_for(workspace: str) -> dict[str, str]:
    """The environment of every process: compiled modules are kept, in a folder of their own, as installed ones are."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    cache = str(Path(workspace).parent / "compiled")
    return {**kept, "PYTHONPYCACHEPREFIX": cache, "DPSYNC_WORKSPACE": workspace, "DPSYNC_TOKEN": "sandbox"}


@contextmanager
def workspace_of(products: int, concurrency: int, spacing: int = SOURCES) -> Iterator[Path]:
    """A new workspace of this size, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="dpsync-benchmark-") as folder:
        workspace = Path(folder) / "workspace"
        workspace.mkdir()
        write_workspace(workspace, products, concurrency, FORM, spacing)
        yield workspace


_PLANS = {
    "changes": "changes",
    "blocked": "  held back by a guardrail",
    "losing": "  by which somebody is known to lose",
}


# -- processes -------------------------------------------------------------------------------------------------------


def run(arguments: Sequence[str], environ: Mapping[str, str], expected: int = 0) -> Took:
    """Run a process to its end; it must end with the expected code."""
    begun = time.perf_counter()
    with subprocess.Popen(
        arguments, env=environ, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        text = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode != expected:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}:\n{text}")
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, text)


@contextmanager
def replaying(file: Path, latency: float, script: str = REPLAY) -> Iterator[int]:
    """The port of a server that replays the recording, for as long as the block runs."""
    command = [sys.executable, script, "serve", "--file", str(file), "--latency", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def inside(workspace: Path, url: str, impact: str) -> None:
    """Plan once in this process, as the command does, and print what each stage took."""
    import asyncio

    from dpsync import pipeline
    from dpsync.cli.connect import connected
    from dpsync.cli.shared import settings_for
    from dpsync.marketplace.client import ReadClient
    from dpsync.model.impact import Reach

    times = [(time.perf_counter(), time.process_time())]

    def passed() -> None:
        times.append((time.perf_counter(), time.process_time()))

    kept: list[tuple[Any, dict[str, int]]] = []

    async def read() -> None:
        """Plan; what is known is kept here and not returned, for `asyncio.run` makes a text of what it returns (3.11)."""
        async with connected(settings, ReadClient) as client:
            asked = await pipeline.drafted(settings, found.desired, client)
            passed()
            from dpsync.pipeline.weighing import weighed

            kept.append((await weighed(asked, client, Reach(impact)), dict(client.requests)))

    settings = settings_for(workspace, None, url)
    found = pipeline.declared(settings)
    passed()
    asyncio.run(read())
    passed()
    ((known, requests),) = kept
    from dpsync.pipeline.weighing import judged

    judged(known.asked, known.evidence)
    passed()
    wall, cpu = ([after[clock] - before[clock] for before, after in pairwise(times)] for clock in (0, 1))
    plan = known.plan
    took = {
        "load": wall[0],
        "wall": sum(wall[:3]),
        "cpu": sum(cpu[:3]),
        "weigh cpu": cpu[2],
        "judge cpu": cpu[3],
    }
    lost = sum(bool(one.impact is not None and one.impact.losers) for one in plan.changes)
    counts = {"changes": len(plan.changes), "blocked": len(plan.blocked), "losing": lost}
    print(json.dumps({**took, **counts, "requests": requests}))


# -- what is measured ------------------------------------------------------------------------------------------------


def measure(products: int, latency: float, concurrency: int, rounds: int) -> dict[str, float]:
    """Measure one size, print it, and answer with what growth is computed from."""
    python = sys.executable
    with workspace_of(products, concurrency) as workspace:
        folder, file = str(workspace), workspace.parent / "recording"
        environ = environ_for(folder)
        run([python, REPLAY, "record", folder, str(products), "--file", str(file)], environ)
        rows: list[dict[str, float]] = []
        requests: dict[str, int] = {}
        with replaying(file, latency) as port:
            url = f"http://127.0.0.1:{port}/marketplace"
            asking = ["bare", "--file", str(file), "--port", str(port), "--concurrency", str(concurrency)]
            for _ in range(rounds):
                floor = json.loads(run([python, REPLAY, *asking], environ).text)
                within = json.loads(run([python, __file__, "--inside", folder, url, "managed"], environ).text)
                whole = run([python, "-m", "dpsync", "plan", "--url", url], environ)
                assert "No changes." in whole.text, whole.text
                assert not within["changes"]
                requests = within["requests"]
                rows.append(
                    {
                        "floor": floor["wall"],
                        "floor cpu": floor["cpu"],
                        "within": within["wall"],
                        "within cpu": within["cpu"],
                        "load": within["load"],
                        "whole": whole.wall,
                        "whole cpu": whole.cpu,
                        "memory": whole.memory,
                        "ratio within": within["wall"] / floor["wall"],
                        "ratio whole": whole.wall / floor["wall"],
                        "over": whole.wall - 1.10 * floor["wall"],
                    }
                )
        checks = [run([python, "-m", "dpsync", "validate"], environ) for _ in range(max(3, rounds))]
    took = {name: median(row[name] for row in rows) for name in rows[0]}
    took |= {
        "validate": median(one.wall for one in checks),
        "validate cpu": median(one.cpu for one in checks),
        "validate memory": median(one.memory for one in checks),
    }
    print(
        f"\n{products:,} products, {latency * 1000:g} ms, {concurrency} at once, medians of {rounds} rounds"
    )
    _print(products, took, requests)
    return took


def _print(products: int, took: Mapping[str, float], requests: Mapping[str, int]) -> None:
    print(f"  floor (bare client)           {took['floor']:8.2f} s")
    print(f"  plan within a process         {took['within']:8.2f} s   {took['ratio within']:.3f} x floor")
    print(f"    of which loading manifests  {took['load']:8.2f} s")
    print(f"  dpsync plan, whole process    {took['whole']:8.2f} s   {took['ratio whole']:.3f} x floor")
    print(f"    less 1.10 x floor           {took['over']:8.2f} s   (goal: at most 0.25)")
    print(f"  CPU per product, whole        {took['whole cpu'] / products * 1000:8.2f} ms  (goal: 1.0)")
    print(f"  CPU per product, within       {took['within cpu'] / products * 1000:8.2f} ms")
    print(f"  CPU per product, bare client  {took['floor cpu'] / products * 1000:8.2f} ms")
    print(f"  peak memory, plan             {took['memory']:8.0f} MB")
    print(f"  validate, whole process       {took['validate']:8.2f} s   {took['validate cpu']:.2f} s CPU")
    print(f"  peak memory, validate         {took['validate memory']:8.0f} MB")
    print(f"  requests                      {sum(requests.values()):8,}")
    for operation, count in sorted(requests.items(), key=lambda one: (-one[1], one[0])):
        print(f"    {count:8,}  {operation}")


def measure_changed(products: int, changed: int, latency: float, concurrency: int, rounds: int) -> None:
    """Measure a plan of which many products change, with the members of products and without, and print it."""
    python = sys.executable
    with workspace_of(products, concurrency, PER_CHANGED) as workspace:
        folder, file = str(workspace), workspace.parent / "recording"
        environ = environ_for(folder)
        recording = [python, REPLAY, "record", folder, str(products), "--changed", str(changed)]
        run([*recording, "--file", str(file)], environ)
        rows: list[dict[str, float]] = []
        requests: dict[str, dict[str, int]] = {}
        plans: dict[str, dict[str, int]] = {}
        with replaying(file, latency) as port:
            url = f"http://127.0.0.1:{port}/marketplace"
            asking = ["bare", "--file", str(file), "--port", str(port), "--concurrency", str(concurrency)]
            for _ in range(rounds):
                row: dict[str, float] = {}
                for impact in IMPACTS:
                    floor = json.loads(run([python, REPLAY, *asking, "--last", impact], environ).text)
                    row |= {f"{impact} floor": floor["wall"], f"{impact} floor cpu": floor["cpu"]}
                for impact in IMPACTS:
                    took = run([python, __file__, "--inside", folder, url, impact], environ)
                    within = json.loads(took.text)
                    assert within["changes"] == changed, within
                    requests[impact] = within["requests"]
                    plans[impact] = {name: within[name] for name in ("changes", "blocked", "losing")}
                    row |= {
                        f"{impact} {name}": within[name]
                        for name in ("load", "wall", "cpu", "weigh cpu", "judge cpu")
                    }
                    row[f"{impact} memory"] = took.memory
                    row[f"{impact} ratio"] = within["wall"] / row[f"{impact} floor"]
                    row[f"{impact} cpu ratio"] = within["cpu"] / row[f"{impact} floor cpu"]
                expected = BLOCKED if plans[MANAGED]["blocked"] else 0
                whole = run(
                    [python, "-m", "dpsync", "plan", "--impact", MANAGED, "--url", url], environ, expected
                )
                row |= {"whole": whole.wall, "whole cpu": whole.cpu, "whole memory": whole.memory}
                row["whole ratio"] = whole.wall / row[f"{MANAGED} floor"]
                row["whole cpu ratio"] = whole.cpu / row[f"{MANAGED} floor cpu"]
                row["impact"] = row[f"{MANAGED} cpu"] - row[f"{COUNTS} cpu"]
                row["whole less within"] = whole.cpu - row[f"{MANAGED} cpu"]
                rows.append(row)
    took_ = {name: median(row[name] for row in rows) for name in rows[0]}
    print(
        f"\n{products:,} products of which {changed:,} change, {latency * 1000:g} ms, {concurrency} at once, "
        f"medians of {rounds} rounds"
    )
    _print_changed(changed, took_, requests, plans)


def _print_changed(
    changed: int,
    took: Mapping[str, float],
    requests: Mapping[str, Mapping[str, int]],
    plans: Mapping[str, Mapping[str, int]],
) -> None:
    def line(title: str, name: str, unit: str, scale: float = 1, form: str = "10.2f") -> None:
        values = "".join(f"{took[f'{impact} {name}'] * scale:{form}}" for impact in IMPACTS)
        print(f"  {title:36}{values} {unit}")

    print(f"  {'--impact':36}{''.join(f'{impact:>10}' for impact in IMPACTS)}")
    for name in ("changes", "blocked", "losing"):
        print(f"  {_PLANS[name]:36}{''.join(f'{plans[impact][name]:10,}' for impact in IMPACTS)}")
    line("floor (bare client)", "floor", "s")
    line("floor, CPU", "floor cpu", "s")
    line("plan within a process", "wall", "s")
    line("  x floor", "ratio", "x", form="10.3f")
    line("plan within a process, CPU", "cpu", "s")
    line("  x CPU of the floor", "cpu ratio", "x", form="10.1f")
    line("  of which weighing, and its requests", "weigh cpu", "s")
    line("  of which analysis and guardrails", "judge cpu", "s")
    line("weighing, CPU per changed product", "weigh cpu", "ms", 1000 / changed)
    line("  analysis and guardrails alone", "judge cpu", "ms", 1000 / changed)
    line("peak memory, within a process", "memory", "MB", form="10.0f")
    print(
        f"  members, CPU per changed product    {took['impact'] * 1000 / changed:20.2f} ms  (managed less counts)"
    )
    print(
        f"  dpsync plan, whole process          {took['whole']:20.2f} s   {took['whole ratio']:.3f} x floor"
    )
    print(
        f"    CPU                               {took['whole cpu']:20.2f} s   {took['whole cpu ratio']:.1f} x floor"
    )
    print(f"    CPU, less the plan within         {took['whole less within']:20.2f} s   (start, report, end)")
    print(f"    peak memory                       {took['whole memory']:20.0f} MB")
    print(f"  {'requests':36}{''.join(f'{sum(requests[impact].values()):10,}' for impact in IMPACTS)}")
    for operation in sorted(requests[MANAGED], key=lambda one: (-requests[MANAGED][one], one)):
        print(
            f"  {''.join(f'{requests[impact].get(operation, 0):10,}' for impact in IMPACTS):>56}  {operation}"
        )


def start_up(rounds: int) -> None:
    """Print what starting costs, over an interpreter that does nothing."""
    python = sys.executable
    commands = {
        "python -c pass": ["-c", "pass"],
        "--version": ["-m", "dpsync", "--version"],
        "--help": ["-m", "dpsync", "--help"],
        "plan --help": ["-m", "dpsync", "plan", "--help"],
        "validate, 1 manifest": ["-m", "dpsync", "validate"],
    }
    with workspace_of(1, 1) as workspace:
        environ = environ_for(str(workspace))
        for arguments in commands.values():
            run([python, *arguments], environ)  # compiles
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, arguments in commands.items():
                taken[name].append(run([python, *arguments], environ).wall)
    bare = median(taken["python -c pass"])
    print(f"\nStart-up, medians of {rounds} rounds; python -c pass takes {bare * 1000:.0f} ms")
    for name, walls in taken.items():
        if name != "python -c pass":
            print(f"  {name:28}  {(median(walls) - bare) * 1000:8.0f} ms more")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--products", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--latency", type=float, default=20, help="milliseconds before each answer")
    parser.add_argument("--concurrency", type=int, default=16, help="requests under way at once, 1 to 32")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--changed",
        type=int,
        default=500,
        help="how many products change in the second plan, at most half of the first size; 0: none, no second plan",
    )
    parser.add_argument("--only-changed", action="store_true", help="the second plan and nothing else")
    parser.add_argument("--inside", nargs=3, metavar=("WORKSPACE", "URL", "IMPACT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        inside(Path(given.inside[0]), *given.inside[1:])
        return
    latency, first = given.latency / 1000, given.products[0]
    changed = min(given.changed, first // 2)
    if not given.only_changed:
        measure_unchanged(given.products, latency, given.concurrency, given.rounds)
    if changed:
        measure_changed(first, changed, latency, given.concurrency, given.rounds)


def measure_unchanged(products: Sequence[int], latency: float, concurrency: int, rounds: int) -> None:
    """Measure start-up and a plan with nothing to do, of each size."""
    start_up(5 * rounds)
    took = {size: measure(size, latency, concurrency, rounds) for size in products}
    sizes = sorted(took)
    if len(sizes) > 1:
        few, many = sizes[0], sizes[-1]
        print(f"\nGrowth exponent from {few:,} to {many:,} products")
        for name in ("floor", "whole", "whole cpu", "validate", "validate cpu", "memory"):
            exponent = math.log(took[many][name] / took[few][name]) / math.log(many / few)
            print(f"  {name:28}  {exponent:8.2f}")


if __name__ == "__main__":
    main()
