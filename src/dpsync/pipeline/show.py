"""Questions about the marketplace, on one page: what is declared, what is live, and the answer. Reads only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dpsync.errors import InvalidManifests
from dpsync.pipeline import declared
from dpsync.settings import Settings

if TYPE_CHECKING:
    from dpsync.marketplace.showing import Viewer
    from dpsync.model.showing import Declarations, Question, Shown


def declarations(settings: Settings) -> Declarations:
    """What the manifests declare, for looking things up: where they are not valid, that is nothing and no error."""
    from dpsync.model.showing import Declarations

    try:
        return Declarations(settings.workspace_id, declared(settings).desired.resources)
    except InvalidManifests:
        return Declarations(settings.workspace_id, None)


async def shown(settings: Settings, question: Question, known: Declarations, client: Viewer) -> Shown:
    """The answer to a question about the marketplace, with a notice where the manifests could not help."""
    from dpsync.marketplace import showing

    answer = await showing.shown(question, showing.Around(client, known, settings.vintage))
    if known.resources is not None:
        return answer
    return replace(answer, notices=(_WITHOUT_MANIFESTS, *answer.notices))


_WITHOUT_MANIFESTS = (
    "The manifests are not valid, so nothing is found by key, and whose an object is may not be known. "
    "`dpsync validate` says what is wrong."
)
