"""The caller: whom the token acts as (FACTS 1.2)."""

from __future__ import annotations

from dpsync.marketplace.models.caller import CurrentUser
from dpsync.marketplace.operations.sending import Sender

CALLER = "/api/auth/user"


class CallerOperations(Sender):
    """The operation of `/api/auth/user`."""

    async def user(self) -> CurrentUser:
        """Whom the token acts as, until when, and with which rights. Raises NotAuthenticated."""
        return await self._read(CurrentUser, "The answer about who the token belongs to", CALLER)
