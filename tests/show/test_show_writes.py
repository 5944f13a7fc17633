from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dpsync.model.place import Origin
from dpsync.model.reference import Address, SourcePath
from dpsync.model.report import Page
from dpsync.model.showing import (
    AboutProduct,
    Belonging,
    Determination,
    Expert,
    ListedAgreement,
    ListedDomain,
    ListedForm,
    ListedProduct,
    ListedSource,
    Named,
    Pending,
    Shown,
    ShownColumn,
    ShownProduct,
    ShownSource,
    Standing,
    Table,
    Way,
)
from dpsync.model.state import Domain, Person, Source
from dpsync.reports.layout import cells
from dpsync.reports.show import as_json, as_text

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "show-json.md"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def everything(text: str = "Sales") -> dict[str, Shown]:
    """One answer of each sort with nothing left out; `text` stands wherever a text of somebody else can."""
    named, person = Named(text, text), Person(text, text, text, text)
    standing = Standing(Belonging.OWNED, Address("DataProduct", "sales"), Origin("products/sales.yaml", 4, 1))
    source = Source("7", text, SourcePath(text, text, text, text, text, text))
    product = ShownProduct(
        AboutProduct(text, sources=True, user=text, columns=True, determinations=True),
        text,
        text,
        text,
        (named,),
        Expert(text, text, text),
        suspended=True,
        created_at=NOON,
        updated_at=NOON,
        standing=standing,
        ways=(
            Way("DATA_ACCESS", named, text, "product"),
            Way("MASKING_EXCEPTION", named, f"{text}!", "form"),
        ),
        members=1000,
        masking_exceptions=2,
        pending=Pending(1, 3),
        sources=(ShownSource(source, text),),
        user=person,
        columns=(ShownColumn("7", text, text, text, (text, text), text),),
        determinations=(Determination("DATA_ACCESS", person, text, person, NOON, NOON, text),),
        notices=(text,),
    )
    return {
        "product": product,
        "products": Table(
            "products",
            (ListedProduct(text, text, (named,), False, 3, None, text, NOON, standing),),
            named,
            (text,),
        ),
        "forms": Table("forms", (ListedForm(text, text, (text,), (named,), text, standing),)),
        "agreements": Table("agreements", (ListedAgreement(text, text, text, (named,), standing),)),
        "domains": Table("domains", (ListedDomain(Domain(text, text, text), text),)),
        "sources": Table("sources", (ListedSource(source),), named),
    }


THINGS = tuple(everything())


def keys(value: Any, path: str = "") -> set[str]:
    if isinstance(value, list):
        return set().union(*(keys(entry, f"{path}[]") for entry in value))
    if not isinstance(value, dict):
        return set()
    found = set()
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        found |= {here} | keys(inner, here)
    return found


def resolved(key: str) -> str:
    """Whose an object is is documented once, for all of them."""
    return re.sub(
        r"^(product|products\[\]|forms\[\]|agreements\[\])\.(belonging|address|file|line)$", r"\2", key
    )


def test_every_field_of_the_json_is_documented_and_every_documented_field_exists() -> None:
    emitted = {resolved(key) for shown in everything().values() for key in keys(json.loads(as_json(shown)))}
    page = DOCUMENTATION.read_text(encoding="utf-8")
    assert emitted == set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))


HOSTILE = (
    "\x1b[2J\x1b[31mred",
    "[bold red]markup[/] :smile:",
    "right\u202eleft",
    "a\nb\r\nc\x08",
    "lone \ud800 surrogate",
    "",
    " ",
    "売上 " * 40,
    "x" * 300,
)


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_others_wrote_is_text_and_nothing_else(thing: str, text: str) -> None:
    shown = everything(text)[thing]
    plain = as_text(shown, Page())
    assert all(line.isprintable() or "\u3000" in line for line in plain.split("\n"))
    assert plain.endswith("\n")
    coloured = as_text(shown, Page(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert as_json(shown).isascii()


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_wider_than_the_page(thing: str, width: int) -> None:
    shown = everything("a few words that go on for some time and then stop")[thing]
    assert all(cells(line) <= width for line in as_text(shown, Page(width)).split("\n"))


@pytest.mark.parametrize("thing", THINGS)
def test_nothing_is_shortened(thing: str) -> None:
    words = [f"word{number}" for number in range(60)]
    told = as_text(everything(" ".join(words))[thing], Page())
    assert all(word in told for word in words)


def test_a_page_lists_twenty_sources_and_says_how_many_more_there_are() -> None:
    shown = everything()["product"]
    assert isinstance(shown, ShownProduct)
    sources = tuple(
        ShownSource(Source(str(each), "", SourcePath(table=f"T{each:02d}"))) for each in range(47)
    )
    from dataclasses import replace

    page = as_text(replace(shown, asked=AboutProduct("x"), sources=sources), Page())
    assert "  T19\n  and 27 more; --sources lists them all\n" in page
    assert "T20" not in page


def test_what_is_not_known_is_never_shown_as_none() -> None:
    unknown = ShownProduct(
        AboutProduct("x", columns=True, determinations=True),
        *("id", "Name", "", (), None),
        suspended=False,
        created_at=None,
        updated_at=None,
        standing=Standing(None),
        ways=None,
        members=None,
        masking_exceptions=None,
        pending=None,
        sources=None,
    )
    page = as_text(unknown, Page())
    assert [line.split()[0].rstrip(":") for line in page.split("\n") if "not known" in line] == [
        *("manifest", "members", "pending", "forms", "Sources", "Columns", "Recent", "Recent"),
    ]


def test_an_empty_table_says_so() -> None:
    assert as_text(Table("sources", (), Named("1", "Sales")), Page()) == "No data sources in Sales.\n"
