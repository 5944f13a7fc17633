"""What `dpsync show` prints: a page about one product, a table of many, and both as JSON.

A room of its own inside `reports/` because these answers are no reports of a run: they have no verdict and no plan. Like
every renderer it takes a value and gives a text that ends with a newline; it reads nothing and decides nothing.
"""

from __future__ import annotations

from dpsync.model.report import Page
from dpsync.model.showing import Shown, ShownProduct
from dpsync.reports.paper import written
from dpsync.reports.show.json import as_json
from dpsync.reports.show.product import product_rows
from dpsync.reports.show.tables import table_rows

__all__ = ["as_json", "as_text"]


def as_text(shown: Shown, page: Page) -> str:
    """The answer for people, in lines of at most the page's width where no word is longer than that."""
    rows = (
        product_rows(shown, page.width) if isinstance(shown, ShownProduct) else table_rows(shown, page.width)
    )
    return written(rows, page)
