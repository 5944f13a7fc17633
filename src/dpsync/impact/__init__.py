"""Impact: whom each change of a plan touches, worked out from what is live.

A room of its own because a plan is right without it, and a reviewer lost: the planner compares objects, this room people.
First it says what has to be read (`questions`), then what the answers mean (`analyze`), and last in which order nobody is
without what they keep (`lossless`). It reads nothing itself, and it must never change what a plan does, only say whom it
touches and what goes first.
"""

from __future__ import annotations

from dpsync.impact.analyze import Weighing, analyze
from dpsync.impact.asking import questions
from dpsync.impact.ordering import lossless

__all__ = ["Weighing", "analyze", "lossless", "questions"]
