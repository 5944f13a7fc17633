from __future__ import annotations

import pytest

from dpsync.cli.connect import finished


class Large:
    """Stands for all that is known of a marketplace: who makes a text of it waits for seconds."""

    def __repr__(self) -> str:
        pytest.fail("somebody made a text of the answer")


def test_nobody_makes_a_text_of_what_a_run_answers() -> None:
    async def read() -> Large:
        return Large()

    assert isinstance(finished(read()), Large)


def test_what_ends_a_run_is_raised_as_itself() -> None:
    async def read() -> Large:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        finished(read())
