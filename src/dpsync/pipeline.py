"""The product on one page: every stage once, in order.

Files become resources, resources a desired state; the marketplace becomes a live state; both become a plan; the
guardrails hold back what they must; apply makes the rest. Each function takes values and returns a value, and each
stage is one line. What is decided here is the order, nothing else. Rooms that are heavy to open (HTTP, planning) are
imported where their stage begins, so that `validate` pays for neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dpsync import __version__
from dpsync.errors import InvalidManifests, MarketplaceError, Refused, UsageError
from dpsync.manifests.load import load
from dpsync.manifests.unmanaged import left_to_the_marketplace
from dpsync.model.finding import Finding, in_order
from dpsync.model.outcome import Outcome
from dpsync.model.plan import Plan, Target
from dpsync.model.report import Report
from dpsync.model.state import DesiredState, LiveState
from dpsync.settings import Settings

if TYPE_CHECKING:
    import asyncio

    from dpsync.apply.journal import AnyJournal
    from dpsync.apply.writer import Progress
    from dpsync.marketplace.api import Client
    from dpsync.marketplace.client import ReadClient, WriteClient
    from dpsync.marketplace.showing import Viewer
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
    from dpsync.model.showing import Declarations, Question, Shown
    from dpsync.model.state import Person


@dataclass(frozen=True, slots=True)
class Declared:
    """A valid desired state, and the warnings that came with it."""

    desired: DesiredState
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class During:
    """What accompanies an apply: where it is written down, who watches, and what stops it."""

    journal: AnyJournal
    progress: Progress
    stop: asyncio.Event


def declared(settings: Settings) -> Declared:
    """The desired state of the workspace. Raises InvalidManifests with every finding."""
    loaded = load(
        settings.root,
        settings.manifests,
        workspace_id=settings.workspace_id,
        environment=settings.environment,
        vintage=settings.vintage,
    )
    if any(finding.is_error for finding in loaded.findings):
        raise InvalidManifests(loaded.findings)
    return Declared(
        DesiredState(settings.workspace_id, settings.environment, loaded.resources), in_order(loaded.findings)
    )


def validated(settings: Settings) -> Report:
    """What there is to say about the manifests alone. Opens no socket. Raises InvalidManifests."""
    found = declared(settings)
    notices = left_to_the_marketplace(found.desired.resources)
    return Report(
        "validate", __version__, findings=(*found.findings, *notices), declared=_counts(found.desired)
    )


async def planned(settings: Settings, desired: DesiredState, client: ReadClient) -> Plan:
    """The plan, guardrails applied. Reads only: the client cannot do anything else."""
    from dpsync import checks
    from dpsync.checks.rule import Planned
    from dpsync.marketplace.live import read_live
    from dpsync.planner import keeping_plan, pruning_plan, scope_of

    made_by = pruning_plan if settings.prune else keeping_plan
    live = await read_live(client, scope_of(desired), vintage=settings.vintage)
    plan = made_by(desired, live, _target(settings, live))
    return plan.with_findings(checks.findings(Planned(desired, live, plan), settings.guardrails))


async def applied(settings: Settings, plan: Plan, client: WriteClient, during: During) -> tuple[Outcome, ...]:
    """What became of each change of the plan that is not blocked."""
    from dpsync.apply.execute import execute
    from dpsync.marketplace.writer import MarketplaceWriter

    writer = MarketplaceWriter(client, vintage=settings.vintage)
    return await execute(
        plan, writer, during.journal, during.progress, parallelism=settings.parallelism, stop=during.stop
    )


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
    from dpsync.model.membership import Became, Result

    try:
        return await work
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


def _target(settings: Settings, live: LiveState) -> Target:
    return Target(
        settings.workspace, settings.workspace_id, settings.environment, settings.url, live.caller.tenant
    )


def _counts(desired: DesiredState) -> dict[str, int]:
    return dict(Counter(resource.kind for resource in desired.resources))


def report_of_plan(found: Declared, plan: Plan) -> Report:
    """What `plan` has to say."""
    return Report("plan", __version__, plan=plan, findings=found.findings, declared=_counts(found.desired))


def report_of_apply(
    found: Declared, plan: Plan, outcomes: tuple[Outcome, ...], *, interrupted: bool
) -> Report:
    """What `apply` has to say."""
    return Report(
        "apply",
        __version__,
        plan=plan,
        outcomes=outcomes,
        findings=found.findings,
        declared=_counts(found.desired),
        interrupted=interrupted,
    )
