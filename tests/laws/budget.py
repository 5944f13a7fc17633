"""How many examples a law gets: few and always the same ones by default, many and new ones with `DPSYNC_LAWS=long`.

A law asks for its share (`@law()`, `@law(0.5)`); the profile says of how much. Not a profile that is loaded, because that
would change the budget of every other test of the same run.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

_COMMON: Final = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
FEW: Final = settings(_COMMON, max_examples=16, derandomize=True)
MANY: Final = settings(_COMMON, max_examples=400, print_blob=True)
IS_LONG: Final = os.environ.get("DPSYNC_LAWS") == "long"


def law(share: float = 1.0) -> settings:
    """The budget of a law; a slow one takes a smaller share."""
    profile = MANY if IS_LONG else FEW
    return settings(profile, max_examples=max(2, round(profile.max_examples * share)))
