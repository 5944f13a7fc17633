"""What somebody typed, as the one live object that it means: a product, a person, a domain.

A room of its own because a person who types makes mistakes, and is told what comes nearest. Spelling counts first, then
any case if only one is meant. References of manifests are resolved elsewhere, over a state that was read as a whole
(`planner/resolve.py`); a plan must never look anything up here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from dpsync.errors import Forbidden, NotFound, UsageError
from dpsync.kinds.data_product import DATA_PRODUCT
from dpsync.kinds.domain import DOMAIN
from dpsync.marketplace.answers import shown
from dpsync.marketplace.api import Client
from dpsync.marketplace.assumptions import DIRECTORY_LIMIT
from dpsync.marketplace.models import DataProduct, Domain, Person
from dpsync.model.reference import is_live_id
from dpsync.model.resource import Resource
from dpsync.model.showing import Declarations

Found = TypeVar("Found")
Names = Callable[[Found], Iterable[str]]

_NEAREST = 3


async def product_called(client: Client, text: str, declarations: Declarations) -> DataProduct:
    """The product that a key of the manifests, an id or a name means, in this order.

    Raises UsageError, with the nearest names, where there is none that the token can see, or more than one; and another
    one where the marketplace refuses to say.
    """
    declared = declarations.by_key(DATA_PRODUCT.name, text)
    live_ids = [declared.id] if declared is not None else [text] if is_live_id(text) else []
    forbidden = False
    for read, asked in [
        *((client.get_data_product_by_id, live_id) for live_id in live_ids),
        (client.get_data_product_by_name, text),
    ]:
        try:
            return await read(asked)
        except NotFound:
            continue
        except Forbidden:
            forbidden = True
    products = await _listed_products(client, forbidden=forbidden)
    by_id = [each for each in products if each.id == text]
    folded = by_id or [each for each in products if each.name.casefold() == text.casefold()]
    if len(folded) == 1:
        return folded[0]
    if folded:
        raise UsageError(
            f"{_quoted(text)} may be any of {len(folded)} data products: {_listed(each.name for each in folded)}.",
            "Write the name in the same case, or the id: " + ", ".join(each.id for each in folded),
        )
    names = [each.name for each in products]
    if forbidden:
        raise _hidden_product(text, declared, names, declarations)
    raise _no_product(text, declared, names, declarations)


async def _listed_products(client: Client, *, forbidden: bool) -> tuple[DataProduct, ...]:
    """Every product that the token can see; none where it may not ask, and it was `forbidden` to see one already."""
    try:
        return await client.search_data_products().all()
    except Forbidden:
        if not forbidden:
            raise
        return ()


def _hidden_product(
    text: str, declared: Resource | None, names: Sequence[str], declarations: Declarations
) -> UsageError:
    """A 403 says that the token may not know: the product may well be there."""
    if declared is not None:
        what = f"{declared.address} ({declared.origin.file}:{declared.origin.line}), id {declared.id}"
    else:
        what = f"the data product {_quoted(text)}"
    near = _near(text, (*names, *declarations.keys(DATA_PRODUCT.name))) if declared is None else []
    other = f" Or did you mean {_either(near)}?" if near else ""
    return UsageError(
        f"The token may not see {what}: the marketplace refused to show it (403). It may be there, in a domain that the "
        "token may not see.",
        f"Use the token of somebody who may see its domain, or ask for a right in it or for GOVERNANCE.{other}",
    )


def _no_product(
    text: str, declared: Resource | None, names: Sequence[str], declarations: Declarations
) -> UsageError:
    if declared is not None:
        return UsageError(
            f"{declared.address} ({declared.origin.file}:{declared.origin.line}) is declared, but the token can see no "
            f"live data product with its id {declared.id}.",
            "`dpsync plan` says whether it would be created. If it is live, the token may not see its domain.",
        )
    near = _near(text, (*names, *declarations.keys(DATA_PRODUCT.name)))
    unknown = declarations.resources is None
    keys = " Nothing is found by key, because the manifests are not valid." if unknown else ""
    return UsageError(
        f"There is no data product {_quoted(text)} that the token can see.{keys}",
        f"Did you mean {_either(near)}?"
        if near
        else "`dpsync show products` lists those that it can see; one in a domain that it may not see is as if absent.",
    )


async def person_called(client: Client, text: str) -> Person:
    """The person that a user name, an e-mail address, a global id or a full name means.

    Raises UsageError, with the nearest user names, where there is none, or more than one.
    """
    if is_live_id(text):
        by_id = [each for each in await client.get_immuta_users(global_user_ids=[text]) if _is(each, text)]
        if by_id:
            return by_id[0]
    people = await client.get_immuta_users(text=text)
    found = _meant(people, text, lambda each: filter(None, (each.username, each.email))) or _meant(
        people, text, lambda each: (each.name,)
    )
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{_quoted(text)} may be any of {len(found)} people: {_listed(each.username for each in found)}.",
            "Write the user name.",
        )
    word = re.split(r"[^\w]", text, maxsplit=1)[0]
    others = people or (await client.get_immuta_users(text=word) if len(word) > 2 else ())
    others = others or await client.get_immuta_users()
    near = _near(text.partition("@")[0], [each.username for each in others])
    if len(people) >= DIRECTORY_LIMIT:
        remedy = "More people are found than the marketplace shows; write the whole user name."
    else:
        remedy = (
            f"Did you mean {_either(near)}?"
            if near
            else "Write a user name, an e-mail address or a global id."
        )
    raise UsageError(f"There is nobody called {_quoted(text)}.", remedy)


def _is(person: Person, global_id: str) -> bool:
    return person.global_user_id.casefold() == global_id.casefold()


def domain_called(text: str, domains: Sequence[Domain], declarations: Declarations) -> Domain:
    """The domain that a key of the manifests, a name or an id means, among those that the token may use.

    Raises UsageError, with the nearest names, where there is none, or more than one.
    """
    declared = declarations.by_key(DOMAIN.name, text)
    wanted = text if declared is None else declared.id if declared.pinned else declared.title
    found = _meant(domains, wanted, lambda each: (each.id, each.name))
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{_quoted(text)} may be any of {len(found)} domains: {_listed(each.name for each in found)}.",
            "Write the name in the same case, or the id: " + ", ".join(each.id for each in found),
        )
    near = _near(text, [*(each.name for each in domains), *declarations.keys(DOMAIN.name)])
    raise UsageError(
        f"There is no domain {_quoted(text)} that the token may use.",
        f"Did you mean {_either(near)}?" if near else "`dpsync show domains` lists those that it may use.",
    )


def _meant(entries: Iterable[Found], text: str, names: Names[Found]) -> list[Found]:
    """The entries that are called so; those spelled exactly so, or else in any case."""
    listed = list(entries)
    exact = [each for each in listed if text in names(each)]
    return exact or [each for each in listed if text.casefold() in {name.casefold() for name in names(each)}]


def _near(text: str, names: Iterable[str]) -> list[str]:
    """The names that are most alike, whatever their case, then those that hold what was typed."""
    known = {name.casefold(): name for name in sorted(names, reverse=True)}
    wanted = text.casefold()
    alike = difflib.get_close_matches(wanted, known, n=_NEAREST, cutoff=0.6)
    holding = sorted(name for name in known if wanted in name)
    return [known[name] for name in dict.fromkeys((*alike, *holding))][:_NEAREST]


def _quoted(text: str) -> str:
    return f'"{shown(text)}"'


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_quoted(name) for name in names)


def _either(names: Sequence[str]) -> str:
    return " or ".join(_quoted(name) for name in names)
