"""What may keep dpsync from working, one thing after the other: the machine, the token, the way, and what is behind it.

A page of its own because everything else assumes that these are in order and says one sentence when they are not. Each
function looks at one of them and says what it saw, good or bad, with what to do. It sends GET only, and repeats no
token, no user and no password of a proxy.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dpsync import __version__
from dpsync.errors import InvalidManifests, MarketplaceError
from dpsync.kinds import KINDS
from dpsync.kinds.catalog import DOMAINS
from dpsync.manifests.document import HAS_LIBYAML
from dpsync.manifests.revision import commit_of
from dpsync.model.base import references_in
from dpsync.model.examination import Examined, error, good, notice, unknown, warning
from dpsync.model.hosts import VENDOR_HOSTS
from dpsync.model.jwt import claims_of
from dpsync.model.reference import Address, Reference
from dpsync.model.secret import Token
from dpsync.model.state import Caller, DesiredState, Domain
from dpsync.pipeline import declared
from dpsync.settings import Settings, is_sandbox

if TYPE_CHECKING:
    from dpsync.marketplace.client import ReadClient
    from dpsync.marketplace.probe import Inside, Probed

SEGMENTS = ("na", "eu", "ap")
DAY = 86_400
SOON = 14 * DAY
"""A token that ends within this many seconds is worth a warning."""
SKEW = 60
"""More seconds than this between two clocks are worth one, too."""
_ENDED = {"retired", "released"}
_NAMED = 5
_ASK = "Ask for Manage Data Products in the domain, or for GOVERNANCE."


# ------------------------------------------------------------------------------------------ the machine


def machine(root: Path, environ: Mapping[str, str], *, url: str | None = None) -> Iterator[Examined]:
    """This machine: Python, libyaml, Git, where the journal is kept, and the certificates, as far as the url needs some."""
    yield good("version", f"dpsync {__version__}, Python {platform.python_version()}, {platform.system()}")
    if HAS_LIBYAML:
        yield good("libyaml", "PyYAML reads with libyaml.")
    else:
        yield warning(
            "libyaml",
            "PyYAML was built without libyaml, so manifests are read about ten times slower.",
            "Install PyYAML from a wheel (`pip install --force-reinstall pyyaml`), or the package libyaml-dev before it.",
        )
    yield _git(root)
    yield _journal(root / ".dpsync")
    bundle = environ.get("SSL_CERT_FILE")
    if bundle and not Path(bundle).is_file():
        said = f"SSL_CERT_FILE names {bundle}, which is not a file"
        if url is not None and is_sandbox(url):
            yield notice(
                "certificates", f"{said}; the sandbox needs none.", "Any other marketplace does: correct it."
            )
        else:
            yield error("certificates", f"{said}.", "Correct it, or unset it.")


def _git(root: Path) -> Examined:
    if shutil.which("git") is None:
        return notice("git", "No program `git` is found.", "`--base`, `--policy-from` and `drift` need it.")
    commit = commit_of(root)
    if commit is None:
        return notice(
            "git",
            f"{root} is in no Git repository with a commit.",
            "`--base`, `--policy-from` and `drift` need one.",
        )
    return good("git", f"The workspace is in Git, at {commit[:12]}.")


def _journal(folder: Path) -> Examined:
    """Whether apply could write its journal. Leaves nothing behind."""
    if os.path.lexists(folder) and not folder.is_dir():
        return error(
            "journal",
            f"{folder} is not a folder, so apply cannot write its journal there.",
            "Remove it, or keep the journal elsewhere with `apply --journal DIR`.",
        )
    there = folder if folder.is_dir() else folder.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as problem:
        return error(
            "journal",
            f"{folder} cannot be written: {(problem.strerror or str(problem)).lower()}.",
            "Give yourself the right to write there, or keep the journal elsewhere with `apply --journal DIR`.",
        )
    return good("journal", f"{folder} can be written.")


# ---------------------------------------------------------------------------------------- the workspace


def manifests(settings: Settings) -> tuple[Examined, DesiredState | None]:
    """Whether the manifests are valid, and what they declare."""
    try:
        desired = declared(settings).desired
    except InvalidManifests as problem:
        wrong = sum(one.is_error for one in problem.findings)
        first = next((str(one.origin) for one in problem.findings if one.is_error), "")
        count = f"{wrong} error{'' if wrong == 1 else 's'}"
        return (
            error(
                "manifests",
                f"The manifests are not valid: {count}, the first at {first}.",
                "`dpsync validate` says what is wrong.",
            ),
            None,
        )
    number = len(desired.resources)
    return good(
        "manifests", f"The manifests are valid: {number} resource{'' if number == 1 else 's'}."
    ), desired


# -------------------------------------------------------------------------------------------- the token


def token(found: Token, where: str, now: float) -> Iterator[Examined]:
    """What the token says of itself, without asking anybody."""
    claims = claims_of(found.reveal())
    if claims is None:
        yield notice(
            "token",
            f"{where} holds a token that is no JWT, so it does not say when it ends.",
            "Tokens of the marketplace are JWTs; one of a served sandbox is not.",
        )
        return
    if claims.not_before is not None and claims.not_before > now + SKEW:
        yield warning(
            "token",
            f"The token in {where} holds only from {_moment(claims.not_before)} on, by the clock of this machine.",
            "If it was made just now, this machine's clock is behind.",
        )
    if claims.expires is None:
        yield good("token", f"{where} holds a token that does not say that it ends.")
    else:
        yield _ending("token", f"The token in {where}", claims.expires, now)


def _ending(topic: str, what: str, expires: float, now: float) -> Examined:
    if expires <= now:
        return error(
            topic,
            f"{what} ended on {_moment(expires)}.",
            "Make a new one in the marketplace, Personal access tokens.",
        )
    days = int((expires - now) // DAY)
    said = f"{what} ends on {_moment(expires)}, in {days} day{'' if days == 1 else 's'}."
    if expires - now < SOON:
        return warning(
            topic, said, "Make a new one in the marketplace, Personal access tokens, before it ends."
        )
    return good(topic, said)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


# ---------------------------------------------------------------------------------------------- the way


async def reached(
    settings: Settings, found: Token, allowed_hosts: frozenset[str], now: float, environ: Mapping[str, str]
) -> tuple[tuple[Examined, ...], bool]:
    """Whether the marketplace answers and accepts the token. Raises UsageError for a url that must not get it."""
    from dpsync.marketplace.probe import probe, proxy_of

    proxy = (
        proxy_of(environ, urlsplit(settings.url).hostname or "")
        if settings.url.startswith("https:")
        else None
    )
    probed = await probe(settings.url, found, allowed_hosts)
    entries: list[Examined] = []
    if proxy is not None and probed.trouble is None:
        entries.append(good("proxy", f"Requests go through the proxy {proxy}."))
    if probed.trouble is not None:
        entries.append(_trouble(settings, probed, proxy, claims_expire(found), now))
    else:
        entries.append(good("connection", f"{settings.url} answers and accepts the token."))
    if probed.server_time is not None:
        entries.append(_clock(probed.server_time, now))
    entries.extend(_segment(settings, probed))
    return tuple(entries), probed.trouble is None


def claims_expire(found: Token) -> float | None:
    """When the token says that it ends."""
    claims = claims_of(found.reveal())
    return claims.expires if claims is not None else None


def _trouble(
    settings: Settings, probed: Probed, proxy: str | None, expires: float | None, now: float
) -> Examined:
    from dpsync.marketplace.probe import Trouble

    url, said = settings.url, probed.said
    match probed.trouble:
        case Trouble.CERTIFICATES:
            return error(
                "certificates",
                f"The certificates of this machine cannot be read ({said}).",
                "Correct SSL_CERT_FILE or SSL_CERT_DIR, or unset them.",
            )
        case Trouble.CERTIFICATE:
            return error(
                "certificate",
                f"The certificate of {url} is not trusted ({said}).",
                "If a proxy of your organisation stands in between, let SSL_CERT_FILE name a file with its certificates. "
                "Otherwise somebody else answers: do not go on.",
            )
        case Trouble.PROXY:
            return error(
                "proxy",
                f"The proxy {proxy or 'in the environment'} does not let the request through ({said}).",
                "Correct HTTPS_PROXY (with user and password if it wants them), or name the host in NO_PROXY.",
            )
        case Trouble.NAME:
            return error(
                "connection",
                f"The host of {url} is not found ({said}).",
                f"Correct the url of {settings.environment} in dpsync.yaml, or this machine's DNS.",
            )
        case Trouble.TIMEOUT:
            return error(
                "connection",
                f"{url} does not answer in time ({said}).",
                "Try again; a firewall that drops requests looks like this, too. Behind a proxy, set HTTPS_PROXY.",
            )
        case Trouble.REDIRECT:
            return error(
                "connection",
                f"{url} sends to {said}, which is not followed, so that the token goes nowhere else.",
                "A login page of a network or a proxy does that. Otherwise correct the url in dpsync.yaml.",
            )
        case Trouble.WEB_PAGE:
            return error(
                "connection",
                f"{url} answers with a web page (status {said}), not with the API's JSON.",
                f"Write the API's url, such as https://na{VENDOR_HOSTS}/marketplace. "
                "A proxy or the login page of a network may also answer in its place.",
            )
        case Trouble.TOKEN:
            return _refused(settings, said, expires, now)
        case Trouble.CONNECTION:
            return error(
                "connection",
                f"{url} does not answer ({said}).",
                f"Correct the url of {settings.environment} in dpsync.yaml, or see whether it can be reached from here.",
            )
        case _:
            whole = url.rstrip("/").endswith("/marketplace")
            lacks = "" if whole else " Does it lack /marketplace at its end?"
            return error(
                "connection",
                f"{url} does not answer as the API does: {said}",
                f"Check the url of {settings.environment} in dpsync.yaml, then try again.{lacks}",
            )


def _refused(settings: Settings, said: str, expires: float | None, now: float) -> Examined:
    """A 401: expired, wrong, or of another segment, which the marketplace answers alike (FACTS 1.1)."""
    if expires is not None and expires <= now:
        return _ending("token", f"{settings.url} does not accept the token, which", expires, now)
    segment = segment_of(settings.url)
    others = [f"https://{one}{VENDOR_HOSTS}/marketplace" for one in SEGMENTS if one != segment]
    where = (
        f"A token of a tenant in another segment than {segment} is answered the same: is yours {' or '.join(others)}? "
        "Otherwise it"
        if segment is not None
        else "It"
    )
    return error(
        "token",
        said,
        f"{where} was mistyped or revoked, or is an API key of the Govern app, which is another thing: make a new one in "
        "the marketplace, Personal access tokens.",
    )


def segment_of(url: str) -> str | None:
    """The segment in a url of the vendor, or None."""
    host = (urlsplit(url).hostname or "").casefold()
    segment = host.removesuffix(VENDOR_HOSTS)
    return segment if host.endswith(VENDOR_HOSTS) and segment in SEGMENTS else None


def _clock(server: float, now: float) -> Examined:
    away = now - server
    if abs(away) <= SKEW:
        return good("clock", "The clock of this machine agrees with the marketplace's.")
    return warning(
        "clock",
        f"The clock of this machine is {abs(away):.0f} seconds {'ahead of' if away > 0 else 'behind'} the marketplace's.",
        "Set it (with NTP): the end of a token and the days of exceptions are judged by it.",
    )


def _segment(settings: Settings, probed: Probed) -> Iterator[Examined]:
    written = segment_of(settings.url)
    if written is not None and probed.segment is not None and probed.segment.casefold() != written:
        yield warning(
            "segment",
            f"The tenant lives in the segment {probed.segment}, and the url names {written}.",
            f"Write https://{probed.segment.casefold()}{VENDOR_HOSTS}/marketplace in dpsync.yaml.",
        )


# ---------------------------------------------------------------------------------- what is behind the way


async def inside(
    settings: Settings, desired: DesiredState | None, client: ReadClient, now: float
) -> tuple[Examined, ...]:
    """Whom the token acts as, what that person may do, and which vintage answers."""
    from dpsync.marketplace.probe import look_inside

    try:
        seen = await look_inside(client)
    except MarketplaceError as problem:
        return (error("connection", problem.message, problem.remedy),)
    return tuple(_inside(settings, desired, seen, now))


def _inside(settings: Settings, desired: DesiredState | None, seen: Inside, now: float) -> Iterator[Examined]:
    caller = seen.caller
    yield good("tenant", f"The token acts as {caller.name} in the tenant {caller.tenant}.")
    if caller.expires is not None and not is_sandbox(settings.url):
        yield _ending("token", "To the marketplace, it", caller.expires, now)
    yield _permissions(caller, seen.domains)
    if desired is not None:
        yield from _needs(desired, caller, seen.domains)
    yield _vintage(settings, seen.says_types)


def _permissions(caller: Caller, domains: tuple[Domain, ...]) -> Examined:
    if caller.governance:
        return good("permissions", "GOVERNANCE: it may write in every domain.")
    names = {one.id: one.name for one in domains}
    held = sorted(names.get(one, one) for one in caller.domains)
    if held:
        return good("permissions", f"Manage Data Products in {_listed(held)}.")
    return warning(
        "permissions",
        "It may write in no domain: plan works, and every change is blocked.",
        _ASK,
    )


def _needs(desired: DesiredState, caller: Caller, domains: tuple[Domain, ...]) -> Iterator[Examined]:
    """The domains that the manifests need, and those of them in which the token may not write."""
    needed = Counter(_domain_of(reference, desired) for reference in _domains_in(desired))
    missing: list[str] = []
    forbidden: list[str] = []
    for (name, identity), count in sorted(needed.items()):
        found = [
            one
            for one in domains
            if one.id == identity or (not identity and one.name.casefold() == name.casefold())
        ]
        said = f"{name or identity} ({count})"
        if not found:
            missing.append(said)
        elif not any(caller.may_manage(one.id) for one in found):
            forbidden.append(said)
    if missing:
        yield warning(
            "domains",
            f"The manifests need domains that the token does not see: {_listed(missing)}.",
            "They do not exist, or it has no permission in them, which look alike (the number is that of data products). "
            + _ASK,
        )
    if forbidden:
        yield warning(
            "domains",
            f"The token may not write in domains that the manifests need: {_listed(forbidden)}.",
            _ASK,
        )
    if needed and not missing and not forbidden:
        one = len(needed) == 1
        yield good(
            "domains",
            f"It may write in {'the one domain' if one else f'all {len(needed)} domains'} that the manifests need.",
        )


def _domains_in(desired: DesiredState) -> Iterator[Reference]:
    """The domain of each resource that would be written in one."""
    for one in desired.resources:
        if not KINDS[one.kind].written or one.lifecycle in _ENDED:
            continue
        for _path, reference, refers in references_in(one.spec):
            if refers.to == DOMAINS and refers.inherits:
                yield reference


def _domain_of(reference: Reference, desired: DesiredState) -> tuple[str, str]:
    """The name and the id of the domain that is meant, as far as the manifests say them."""
    if reference.how == "id":
        return "", reference.text
    known = desired.by_address.get(Address(DOMAINS, reference.text)) if reference.how == "key" else None
    if known is None:
        return reference.text, ""
    return known.title, known.id if known.pinned else ""


def _vintage(settings: Settings, says_types: bool | None) -> Examined:
    written = f"`vintage: {settings.vintage}` is what {settings.environment} is planned with"
    if says_types is None:
        return unknown(
            "vintage", f"{written}; no data product has a form by which the marketplace's own could be told."
        )
    if settings.vintage == "v2" and not says_types:
        return warning(
            "vintage",
            f"{written}, and the marketplace answers like v1: its forms do not say what they are for.",
            f"Write `vintage: v1` under {settings.environment} in dpsync.yaml.",
        )
    if settings.vintage == "v1" and says_types:
        return notice(
            "vintage",
            f"{written}, and the marketplace's forms say what they are for, as in v2.",
            "If it takes two forms per product, write `vintage: v2`.",
        )
    return good("vintage", f"{written}, and the marketplace answers like that.")


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    shown = [*every[:_NAMED], *([f"{len(every) - _NAMED} more"] if len(every) > _NAMED else [])]
    return ", ".join(shown)
