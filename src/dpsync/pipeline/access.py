"""Asking for access and revoking it, on one page: look, say what would happen, do it, say what became of it.

A page of its own because it writes without a plan: what it does is decided by the person who types, once they have read
what it would do. Each write is journaled before it is sent, and nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dpsync.errors import InvalidManifests, MarketplaceError, Refused, UsageError
from dpsync.model.finding import Finding, in_order
from dpsync.model.plan import Target
from dpsync.pipeline.show import declarations
from dpsync.settings import Settings

if TYPE_CHECKING:
    from dpsync.apply.journal import AnyJournal
    from dpsync.marketplace.api import Client
    from dpsync.model.membership import (
        Access,
        Asking,
        Done,
        Form,
        Listing,
        RequestType,
        Result,
        Revoking,
        Which,
    )
    from dpsync.model.state import Person


async def listed(
    settings: Settings, text: str, user: str | None, which: Which, client: Client, *, expiring: bool
) -> Listing:
    """Who is in a product, and who wants to be."""
    from dpsync.marketplace import accesses
    from dpsync.model.membership import Listing

    product = await accesses.product_meant(client, text, declarations(settings))
    people = await accesses.people_meant(client, () if user is None else (user,))
    found = await accesses.LISTS[which](client, product, people, expiring=expiring)
    return Listing(
        await _target_for(settings, client), product, found, which, next(iter(people), None), expiring
    )


async def asking(
    settings: Settings,
    text: str,
    users: tuple[str, ...],
    wanted: RequestType,
    client: Client,
    *,
    columns: tuple[str, ...],
) -> Asking:
    """The requests that there would be: for whom, with which form; and who needs none. Reads only."""
    from dpsync.access.asking import settled
    from dpsync.marketplace import accesses
    from dpsync.model.membership import Asking

    product = await accesses.product_meant(client, text, declarations(settings))
    people = await accesses.people_meant(client, users)
    chosen = await accesses.columns_meant(client, product, columns)
    form = await accesses.read_form(client, product, wanted)
    caller = (await client.user()).global_user_id
    settled_for = {
        person: settled(person, wanted, *await accesses.standing(client, product, person, wanted), chosen)
        for person in people
    }
    return Asking(
        await _target_for(settings, client),
        product,
        wanted,
        form,
        caller,
        tuple(person for person, result in settled_for.items() if result is None),
        tuple(result for result in settled_for.values() if result is not None),
        chosen,
    )


def answers_in(file: Path, form: Form) -> Mapping[str, Any]:
    """The answers to a form that a file holds. Raises InvalidManifests with everything that is wrong with them."""
    from dpsync.access.answers import checked
    from dpsync.manifests.document import read_documents
    from dpsync.manifests.load import problem_finding
    from dpsync.model.finding import Severity
    from dpsync.model.place import Origin

    try:
        documents, problems = read_documents(file.read_bytes())
    except OSError as error:
        raise UsageError(f"The answers in {file} cannot be read: {error.strerror or error}.") from None
    if problems:
        raise InvalidManifests(in_order([problem_finding(file.name, problem) for problem in problems]))
    if len(documents) != 1 or not isinstance(documents[0].root, dict):
        said = f"{file.name} should hold one mapping: the label or id of a question, and its answer."
        remedy = "Without --answers the command prints a template."
        raise InvalidManifests(
            (Finding("answers-file", Severity.ERROR, said, remedy, Origin(file.name, 1, 1)),)
        )
    answers = checked(form, documents[0].root, file.name, documents[0])
    if answers.findings:
        raise InvalidManifests(answers.findings)
    return answers.form


async def requested(ask: Asking, client: Client, journal: AnyJournal) -> Done:
    """What became of each request. Looked at again just before it is sent; journaled; sent once."""
    from dpsync.access.asking import settled
    from dpsync.marketplace import accesses
    from dpsync.model.membership import Done

    async def one(person: Person) -> Result:
        before, unmasked = await accesses.standing(client, ask.product, person, ask.type)
        already = settled(person, ask.type, before, unmasked, ask.columns)
        if already is not None:
            return already
        number = await journal.begin_call(
            f"AccessRequest/{ask.product.id}/{person.username}",
            None,
            accesses.request_call(ask, person),
            None,
        )
        with _ended(journal, number):
            return accesses.result_of(await accesses.send_request(client, ask, person, before))

    results = [await _or_failed(person, one(person)) for person in ask.people]
    return Done(ask.type.command, ask.target, ask.product, (*ask.settled, *results))


async def revoking(
    settings: Settings, text: str, users: tuple[str, ...], ids: tuple[str, ...], client: Client
) -> Revoking:
    """What would be taken away, and from whom; and what need not be. Reads only."""
    from dpsync.access.asking import to_revoke
    from dpsync.marketplace import accesses
    from dpsync.model.membership import Revoking

    product = await accesses.product_meant(client, text, declarations(settings))
    people = await accesses.people_meant(client, users)
    named = [await accesses.read_access(client, product, one) for one in dict.fromkeys(ids)]
    theirs = await accesses.read_members(client, product, people) if people else ()
    found, done = to_revoke(people, theirs, named)
    sources = await accesses.read_sources(client, product)
    full = tuple([await accesses.with_columns(client, access, sources) for access in found])
    target = await _target_for(settings, client)
    return Revoking(target, product, full, tuple(sorted(sources.values())), done)


async def revoked(loss: Revoking, client: Client, journal: AnyJournal) -> Done:
    """What became of each access. Journaled with the request as it was; one that is revoked already is."""
    from dpsync.marketplace import accesses
    from dpsync.model.membership import Became, Done, Result

    async def one(access: Access) -> Result:
        call = accesses.revoke_call(loss.product, access)
        address = f"AccessRequest/{loss.product.id}/{access.person.username}"
        number = await journal.begin_call(address, access.id, call, accesses.as_it_was(loss.product, access))
        with _ended(journal, number):
            await accesses.send_revocation(client, loss.product, access)
            return Result(access.person, Became.REVOKED, access)

    results = [await _or_failed(access.person, one(access), access) for access in loss.accesses]
    return Done("revoke", loss.target, loss.product, (*loss.settled, *results))


@contextmanager
def _ended(journal: AnyJournal, number: int) -> Iterator[None]:
    """Write down that the call with this number was confirmed, or why not."""
    try:
        yield
    except MarketplaceError as error:
        journal.end_with(number, error)
        raise
    journal.end(number)


async def _or_failed(person: Person, work: Awaitable[Result], access: Access | None = None) -> Result:
    """The result; where the marketplace did not do it, why. One person's failure is nobody else's."""
    from dpsync.apply.journal import JournalUnwritable
    from dpsync.model.membership import Became, Result

    try:
        return await work
    except JournalUnwritable as error:
        return Result(person, Became.REFUSED, access, error.message, error.remedy)
    except MarketplaceError as error:
        became = Became.REFUSED if isinstance(error, Refused) else Became.UNKNOWN
        return Result(person, became, access, error.message, error.remedy, not isinstance(error, Refused))


async def _target_for(settings: Settings, client: Client) -> Target:
    tenant = (await client.user()).tenant_info
    return Target(
        settings.workspace,
        settings.workspace_id,
        settings.environment,
        settings.url,
        tenant.fqdn or tenant.id,
    )
