"""What `plan` and `apply` both begin with: the settings, the manifests, the marketplace as it is, and the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dpsync import pipeline
from dpsync.cli.connect import connected
from dpsync.cli.shared import Wanted, reported_if_invalid, settings_for
from dpsync.marketplace.client import ReadClient
from dpsync.model.plan import Plan
from dpsync.settings import Settings


@dataclass(frozen=True, slots=True)
class Where:
    """What the command line says about where: each is None where it says nothing."""

    workspace: Path | None
    environment: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Prospect:
    """A plan, and what it was made from."""

    settings: Settings
    found: pipeline.Declared
    plan: Plan


def prospect(command: str, where: Where, wanted: Iterable[Wanted]) -> Prospect:
    """Plan, with a client that cannot write. Raises InvalidManifests after the reports about it are written."""
    with reported_if_invalid(command, wanted):
        settings = settings_for(where.workspace, where.environment, where.url)
        found = pipeline.declared(settings)

    async def planned() -> Plan:
        async with connected(settings, ReadClient) as client:
            return await pipeline.planned(settings, found.desired, client)

    return Prospect(settings, found, asyncio.run(planned()))
