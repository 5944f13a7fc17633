"""Sending: what the operations share when they ask and when they write.

A room of its own so that every write says what becomes of it when its answer is lost, and every query is written alike.
Must never know an object of the API.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from dpsync.errors import NotFound
from dpsync.marketplace import answers
from dpsync.marketplace.client import Params, Settled, WriteClient
from dpsync.marketplace.models.base import Body
from dpsync.marketplace.wire import Wire, listing, parsed, parsed_each

Model = TypeVar("Model", bound=Wire)
Found = TypeVar("Found")
Value = str | int | bool | Iterable[str] | None


class Sender(WriteClient):
    """A client whose groups of operations read and write here."""

    async def _read(self, model: type[Model], what: str, path: str) -> Model:
        """The object at a path."""
        return parsed(model, await self.get(path), what)

    async def _read_each(
        self, model: type[Model], name: str, what: str, path: str, params: Params | None = None
    ) -> tuple[Model, ...]:
        """The objects of a list without pages: bare, or under a name."""
        return tuple(parsed_each(model, listing(await self.get(path, params), name, what), what))

    async def _write(
        self, method: str, path: str, body: Any = None, *, settled: Settled | None = None, look: str = ""
    ) -> Any:
        """Make one write; the JSON of its answer, or None where there is none, or it was lost and then `settled`.

        `look` says what a person can do where the answer to a POST is lost for good.
        """
        response = await self._request(method, path, body=body, settled=settled, look=look)
        return None if response is None else answers.confirmation_of(response, method, path)

    async def _create(
        self,
        model: type[Model],
        what: str,
        path: str,
        body: Body,
        found: Callable[[], Awaitable[Model]] | None,
    ) -> Model:
        """Make an object. `found` reads it by the id that the body chose; without, a lost answer is an error.

        What is found is taken to be what was made if it has its name; with another name, the id was taken before.
        """
        sent = body.sent()

        async def made() -> bool:
            there = await _there_is(found) if found is not None else None
            return there is not None and there.model_dump(include={"name"}) == {"name": sent["name"]}

        look = "Search for its name before making it again."
        settled = None if found is None else made
        payload = await self._write("POST", path, sent, settled=settled, look=look)
        if payload is None and found is not None:
            return await found()
        return parsed(model, payload, what)

    async def _update(self, model: type[Model], what: str, path: str, body: Body) -> Model:
        """Set what the body says; sent again if the answer is lost, since it sets the same."""
        return parsed(model, await self._write("PUT", path, body.sent()), what)

    async def _delete(self, path: str) -> None:
        """Delete what is at a path; where the answer is lost, it is deleted if it is no longer there."""

        async def gone() -> bool:
            return await _there_is(lambda: self.get(path)) is None

        await self._write("DELETE", path, settled=gone)


async def _there_is(read: Callable[[], Awaitable[Found]]) -> Found | None:
    try:
        return await read()
    except NotFound:
        return None


def query(**values: Value) -> Params:
    """A query by the API's names: None and empty lists are left out, lists repeat the name, booleans are lower case."""
    params: dict[str, str | int | list[str]] = {}
    for name, value in values.items():
        if isinstance(value, bool):
            params[name] = "true" if value else "false"
        elif isinstance(value, str | int):
            params[name] = value
        elif value is not None and (listed := list(value)):
            params[name] = listed
    return params
