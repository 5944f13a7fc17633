"""Every fault at every kind of call of an apply: it comes out right, or with an error that is true, and can be run again.

By default each fault meets each kind of call once, at a place that a seed draws, with several at a time in one run (those that
end a run meet each method once); with `DPSYNC_LAWS=long` each one alone, at the first, the middle and the last call of its kind, once and from there on.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby, product
from typing import Any, Final

import httpx2
import pytest

from dpsync.errors import NotAuthenticated, Unreachable
from laws.budget import IS_LONG
from laws.faulty import ALWAYS, Exchange, Planted, Play, Ran, Stage, ends_well, nothing_is_hidden, staged
from marketplace import troubles
from marketplace.troubles import KINDS, TROUBLES

POSITIONS: Final = ("first", "middle", "last")
OFFSET_LISTS: Final = frozenset(
    {
        "GET /api/request-form",
        "GET /api/data-use-agreement",
        "GET /api/data-product/{id}/members",
        "GET /api/data-product/{id}/columns",
        "GET /api/metadata/domain/{id}/datasources",
    }
)
TOKEN_LISTS: Final = frozenset({"GET /api/data-product"})
SEARCH: Final = "POST /api/metadata/tags/applied/search"
UNLISTED: Final = frozenset({"GET /api/metadata/domain", "GET /api/metadata/users", SEARCH})

Payload = dict[str, Any]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as one:
        yield one


# -- what can be wrong with an answer that looks right ---------------------------------------------------------------


def told_otherwise(change: Callable[[Payload, Exchange], None]) -> Play:
    """The marketplace's own answer, with something changed in it."""

    async def play(exchange: Exchange) -> httpx2.Response:
        whole = await exchange.forward()
        if not whole.is_success or not whole.content:
            return whole
        payload = json.loads(whole.content)
        if isinstance(payload, dict):
            change(payload, exchange)
        return httpx2.Response(whole.status_code, content=json.dumps(payload).encode())

    return play


def _another_id(payload: Payload, _exchange: Exchange) -> None:
    if "id" in payload:
        payload["id"] = "00000000-0000-4000-8000-000000000000"


def _repeats(payload: Payload, _exchange: Exchange) -> None:
    payload["data"] += payload["data"][-1:]


def _skips(payload: Payload, _exchange: Exchange) -> None:
    del payload["data"][:1]


def _shrinks(payload: Payload, _exchange: Exchange) -> None:
    payload["meta"]["totalCount"] -= 1


def _grows(payload: Payload, _exchange: Exchange) -> None:
    payload["meta"]["totalCount"] += 1


def _has_no_total(payload: Payload, _exchange: Exchange) -> None:
    del payload["meta"]["totalCount"]


def _overlaps(payload: Payload, exchange: Exchange) -> None:
    """As if the list had grown by one before this page: the page begins where the one before it ended."""
    if exchange.page_before:
        payload["data"] = [*exchange.page_before[-1:], *payload["data"][:-1]]


def _starts_again(payload: Payload, exchange: Exchange) -> None:
    if exchange.page_before:
        payload["data"] = exchange.page_before[: len(payload["data"])]


def _points_to_itself(payload: Payload, exchange: Exchange) -> None:
    payload["meta"]["nextToken"] = exchange.request.url.params.get("nextToken") or "again"


def _is_empty_and_goes_on(payload: Payload, _exchange: Exchange) -> None:
    payload["data"] = []
    payload["meta"]["nextToken"] = "more"


def _has_no_token(payload: Payload, _exchange: Exchange) -> None:
    del payload["meta"]["nextToken"]


async def as_it_was(exchange: Exchange) -> httpx2.Response:
    """What was answered to the very same question before, as from a server that takes its time to notice."""
    whole = await exchange.forward()
    if exchange.request.method != "GET" or not exchange.earlier:
        return whole
    return httpx2.Response(200, content=exchange.earlier[0])


async def changes_meanwhile(exchange: Exchange) -> httpx2.Response:
    """Between this page and the next, colleagues make one at the front of the list and take one away that was on it."""
    whole = await exchange.forward()
    exchange.meddle()
    return whole


ANSWERS: Final[Mapping[str, tuple[Play, frozenset[str]]]] = {
    "a page that repeats": (told_otherwise(_repeats), OFFSET_LISTS | TOKEN_LISTS),
    "a page that skips": (told_otherwise(_skips), OFFSET_LISTS),
    "a page of a list that shrinks": (told_otherwise(_shrinks), OFFSET_LISTS),
    "a page of a list that grows": (told_otherwise(_grows), OFFSET_LISTS),
    "a page without a total": (told_otherwise(_has_no_total), OFFSET_LISTS),
    "a page that overlaps": (told_otherwise(_overlaps), OFFSET_LISTS | TOKEN_LISTS),
    "a page that is the one before": (told_otherwise(_starts_again), OFFSET_LISTS | TOKEN_LISTS),
    "a page that points to itself": (told_otherwise(_points_to_itself), TOKEN_LISTS),
    "a page that is empty and goes on": (told_otherwise(_is_empty_and_goes_on), TOKEN_LISTS),
    "a page without a token": (told_otherwise(_has_no_token), TOKEN_LISTS),
    "a list that changes while it is read": (
        changes_meanwhile,
        frozenset({"GET /api/request-form", "GET /api/data-use-agreement", "GET /api/data-product"}),
    ),
}


# -- all faults, and where each of them can be -----------------------------------------------------------------------

_NEVER_LISTED: Final = OFFSET_LISTS | TOKEN_LISTS | UNLISTED


def _simple(play: troubles.Play) -> Play:
    async def played(exchange: Exchange) -> httpx2.Response:
        return await play(exchange.forward)

    return played


def faults(kinds: list[str]) -> dict[str, tuple[Play, list[str]]]:
    """Every fault, with the kinds of calls that it can hit."""
    everywhere = {name: (_simple(play), kinds) for name, (play, _once, _always) in TROUBLES.items()}
    single = [kind for kind in kinds if kind not in _NEVER_LISTED and not kind.startswith("DELETE")]
    gets = [kind for kind in kinds if kind.startswith("GET")]
    return {
        **everywhere,
        "an answer for another id": (told_otherwise(_another_id), single),
        "an answer from before": (as_it_was, gets),
        **{name: (play, sorted(where)) for name, (play, where) in ANSWERS.items()},
    }


def _column(kind: str) -> int:
    """Where the table of troubles says how a call of this kind comes out."""
    return KINDS.index("get" if kind == SEARCH else kind.split(" ", maxsplit=1)[0].lower())


def heals(fault: str, kind: str) -> bool:
    """Whether a call that this happens to once comes out as if nothing had happened."""
    return fault in TROUBLES and TROUBLES[fault][1][_column(kind)] is None


def settles(fault: str, kind: str) -> bool:
    """Whether it does so because it is looked up, as an update is here that took effect: as a create is."""
    looked_up = "afterwards" in fault or fault in {
        "cut short",
        "a text",
        "too deep",
        "not the encoding it says",
    }
    return heals(fault, kind) or (kind.startswith("PUT") and looked_up and fault in TROUBLES)


SLOW: Final = frozenset(
    {
        "slow",
        "trickling afterwards",
        "trickling to its end",
        "429 with an absurd wait",
        "429 with an absurd date",
        "503 with seconds",
    }
)
"""One of these takes most of the time that a call has, so that two of them at once may end it."""


def ends(fault: str, kind: str) -> bool:
    """Whether nothing more is sent in a run after this has happened once."""
    error = TROUBLES[fault][1][_column(kind)] if fault in TROUBLES else None
    return error is not None and issubclass(error, Unreachable | NotAuthenticated)


ALIKE_FOR_READS: Final = frozenset(
    {
        "a web page",
        "a web page afterwards",
        "cut short",
        "too deep",
        "a redirect to nowhere",
        "500 afterwards",
    }
)

MOST_HARMFUL: Final = 7
MOST_MISSED: Final = 3


def test_every_fault_at_every_kind_of_call_comes_out_right_or_is_told(stage: Stage) -> None:
    if IS_LONG:
        pytest.skip("each one alone, below")
    table = faults(stage.kinds)
    chance = random.Random(5)
    left = dict.fromkeys(_pairs(table, chance), 0)
    runs, missed = 0, 0
    while left:
        planted = [
            Planted(fault, table[fault][0], kind, stage.nth(kind, chance.choice(POSITIONS)))
            for fault, kind in _some(left, chance, stage.read_first)
        ]
        ran = stage.run(planted, seed=runs)
        played = [one for one in planted if one.played]
        slow = [one for one in played if one.fault in SLOW]
        only_healing = len(slow) < 2 and all(settles(one.fault, one.kind) for one in played)
        _holds(stage, ran, planted, only_healing=only_healing, again=chance.random() < 0.2)
        runs += 1
        for one in planted:
            pair = one.fault, one.kind
            left[pair] += 1
            if one.played or left[pair] == MOST_MISSED:
                missed += not one.played
                del left[pair]
    assert missed < 60, "too many faults never happen because of others in the same run"


def _pairs(table: Mapping[str, tuple[Play, list[str]]], chance: random.Random) -> Iterator[tuple[str, str]]:
    """Every fault with every kind of call; of those that end a run, which have to be alone, one for each method.

    Of several bodies that are no JSON each read meets one.
    """
    for fault, (_play, every) in table.items():
        kinds = [kind for kind in every if not (kind.startswith("GET") and fault in ALIKE_FOR_READS)]
        ending = [kind for kind in kinds if ends(fault, kind)]
        yield from ((fault, kind) for kind in kinds if kind not in ending)
        for _method, several in groupby(ending, key=lambda kind: kind.split(" ")[0]):
            yield fault, chance.choice(list(several))


def _some(
    left: Mapping[tuple[str, str], int], chance: random.Random, read_first: frozenset[str]
) -> list[tuple[str, str]]:
    """Pairs for one run, at most one for each kind of call: such as do no harm, or a few that do.

    What harms the reading for the plan keeps writes from being sent, so that the two are not harmed in the same run.
    """
    pairs = [pair for pair in sorted(left) if heals(*pair)]
    most = len(pairs)
    if not pairs:
        late = [pair for pair in sorted(left) if pair[1] not in read_first]
        pairs, most = late or sorted(left), MOST_HARMFUL
    chance.shuffle(pairs)
    chosen = list({kind: (fault, kind) for fault, kind in pairs}.values())
    return [pair for pair in chosen if not ends(*pair)][:most] or chosen[:1]


def _holds(stage: Stage, ran: Ran, planted: list[Planted], *, only_healing: bool, again: bool = True) -> None:
    try:
        nothing_is_hidden(stage, ran)
        if only_healing:
            assert ran.code == 0
        if again:
            ends_well(stage, ran)
    except AssertionError as error:
        told = "\n".join(str(one) for one in planted if one.played)
        error.add_note(f"{told}\n{ran.told}")
        raise


@pytest.mark.skipif(not IS_LONG, reason="the whole matrix; `make test-long` runs it")
@pytest.mark.parametrize("fault", sorted(faults([])))
def test_each_fault_alone_at_each_place_and_for_good(stage: Stage, fault: str) -> None:
    play, kinds = faults(stage.kinds)[fault]
    for number, (kind, position, times) in enumerate(product(kinds, POSITIONS, (1, ALWAYS))):
        planted = Planted(fault, play, kind, stage.nth(kind, position), times)
        ran = stage.run([planted], seed=number)
        assert planted.played, str(planted)
        only_healing = times == 1 and settles(fault, kind)
        _holds(stage, ran, [planted], only_healing=only_healing)
