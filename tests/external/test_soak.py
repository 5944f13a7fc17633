"""Two minutes of the soak (`benchmarks/soak.py`), with fewer products: random edits and faults, nothing lost, memory flat."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"

pytestmark = pytest.mark.external


def test_nothing_is_lost_in_two_minutes_of_random_edits_and_faults() -> None:
    done = subprocess.run(
        [sys.executable, str(SOAK), "--products", "1000", "--minutes", "2"],
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["rounds"] >= 4
    assert sum(seen["faults"].values()) > 50
    assert seen["became"]["done"] > 50
