"""The app: the operations behind HTTP, under `/marketplace`, as one ASGI application.

The only module that knows both the web framework and the operations: it finds out who calls, reads the body, runs
the operation in a transaction if it writes, and turns answers and refusals into bytes. Must never be used as
anything but a stand-in: it authenticates by a list of made-up tokens.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableSequence
from contextlib import nullcontext
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from dpsync.sandbox import answers, assumptions, moments, routes
from dpsync.sandbox.answers import Answer, Refusal
from dpsync.sandbox.calls import VINTAGES, Call, Caller, Marketplace, Operation, Put, Query
from dpsync.sandbox.faults import FaultLayer, Faults, Received
from dpsync.sandbox.store import Store

VintageName = Literal["v1", "v2"]

_Endpoint = Callable[[Request], Awaitable[Response]]
_NOBODY: Final = Caller("", frozenset(), frozenset())
_BODIED: Final = frozenset({"POST", "PUT"})


def create_app(
    store: Store,
    *,
    vintage: VintageName = "v2",
    put: Put = "merge",
    faults: Faults | None = None,
    clock: moments.Clock | None = None,
    received: MutableSequence[Received] | None = None,
) -> Starlette:
    """A marketplace over `store`, as an ASGI application that answers below `/marketplace`.

    `vintage` is the state of the API that is played (FACTS 1.8); `put` what an update does with fields that it
    leaves out; `faults` what goes wrong; `clock` the time, the store's own if it is None. What is received is
    appended to `received` (a list, or a deque with a bound), which is also `app.state.received`.
    """
    marketplace = Marketplace(store, VINTAGES[vintage], put, clock or store.clock)
    open_routes = [_route(marketplace, operation, _anybody) for operation in routes.PUBLIC]
    closed_routes = [_route(marketplace, operation, _caller) for operation in routes.OPERATIONS]
    app = Starlette(
        routes=[Mount("/marketplace", routes=[*closed_routes, *open_routes])],
        middleware=[Middleware(FaultLayer, faults=faults or Faults(), received=received)],
        exception_handlers={HTTPException: _http_exception},
    )
    app.router.redirect_slashes = False
    app.state.received = () if received is None else received
    app.state.store = store
    return app


def _route(marketplace: Marketplace, operation: Operation, who: Callable[[Request, Store], Caller]) -> Route:
    store = marketplace.store
    lasting = nullcontext if operation.method == "GET" else store.transaction
    bodied = operation.method in _BODIED

    async def endpoint(request: Request) -> Response:
        try:
            caller = who(request, store)
            body = await _body(request) if bodied else None
            call = Call(marketplace, caller, request.path_params, _query(request), body)
            with lasting():
                answer = operation.act(call)
        except Refusal as refusal:
            answer = refusal.answer
        return _response(answer)

    # Starlette answers HEAD wherever it answers GET, unless the methods are set afterwards.
    route = Route(operation.path, endpoint, methods=[operation.method])
    route.methods = {operation.method}
    return route


def _anybody(_request: Request, _store: Store) -> Caller:
    return _NOBODY


def _caller(request: Request, store: Store) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    user = store.value("SELECT user FROM tokens WHERE token = ?", (token.strip(),))
    if scheme.lower() != "bearer" or user is None:
        raise answers.not_authenticated()
    return Caller.of(store, user)


def _query(request: Request) -> Query:
    values: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True):
        values[name] = (*values.get(name, ()), value)
    return Query(values)


async def _body(request: Request) -> Any:
    raw = await request.body()
    if len(raw) > assumptions.MAX_BODY:
        raise Refusal(413, "The body is too large.")
    try:
        body = json.loads(raw)
        if rb"\u" in raw:
            # Half of a pair of surrogates is JSON but no text.
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(assumptions.MALFORMED, "The body is not JSON.") from None
    return body


def _response(answer: Answer) -> Response:
    if answer.body is answers.NOTHING:
        return Response(status_code=answer.status)
    content = json.dumps(answer.body, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(content, answer.status, media_type="application/json")


async def _http_exception(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return _response(Refusal(problem.status_code, problem.detail).answer)
