"""Two environments of one workspace side by side, on one page: both are loaded, and the difference is worked out.

No marketplace is asked and no policy: what would be changed where is the business of a plan.
"""

from __future__ import annotations

from dpsync.model.comparison import Comparison
from dpsync.pipeline import declared
from dpsync.planner.environments import side_by_side
from dpsync.settings import Settings


def comparison(left: Settings, right: Settings) -> Comparison:
    """What one environment asks for otherwise than another. Raises InvalidManifests as `declared`."""
    return side_by_side(right.workspace, declared(left).desired, declared(right).desired)
