"""Tests that need more than this environment: they run with `--run-external`, which `make test-external` gives."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-external", action="store_true", help="run what makes environments of its own")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--run-external", default=False):
        return
    skip = pytest.mark.skip(reason="makes an environment of its own; `make test-external` runs it")
    for item in items:
        if item.get_closest_marker("external"):
            item.add_marker(skip)
