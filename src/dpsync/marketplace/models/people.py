"""People, as every object that names one shows them.

A room of its own because requests, decisions, forms and searches show the same people. Must never hold more of a person
than the API says.
"""

from __future__ import annotations

from dpsync.marketplace.models.base import Answer, Json
from dpsync.marketplace.wire import Id


class Person(Answer):
    """A user. `global_user_id` is the id that every other operation means by a user (FACTS 2.1)."""

    global_user_id: Id
    username: str = ""
    name: str = ""
    email: str | None = None
    id: Id | None = None
    iam_id: Id | None = None
    authorizations: Json = None


class Author(Answer):
    """Who made or last changed a form or an agreement."""

    global_user_id: Id
    name: str = ""
