"""The settings of one run: `dpsync.yaml`, the environment variables and the command line, settled into one value.

A room of its own because it decides where the token is sent, and that has to be read in one sitting: only to hosts of the
vendor, to this machine, or to hosts that an environment variable names, which a pull request cannot set. It is given a
document that was already read; it opens no file and asks nobody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from dpsync.errors import InvalidManifests, UsageError
from dpsync.kinds import API_VERSION, KINDS
from dpsync.model import hosts
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.place import Origin, Places
from dpsync.model.policy import Owner, Policy, Protection
from dpsync.model.reference import is_key, is_live_id
from dpsync.model.secret import Token
from dpsync.model.validation import closest, shown, validated
from dpsync.model.variable import VARIABLE_NAME, Variable, VariableValue

TOKEN_PREFIX = "DPSYNC_TOKEN"  # noqa: S105  # the name of a variable
ALLOWED_HOSTS = "DPSYNC_ALLOWED_HOSTS"
SANDBOX = "sandbox:"
SANDBOX_FILE = ".dpsync/sandbox.db"
SANDBOX_TOKEN = "sandbox"  # noqa: S105  # not a secret: the sandbox takes it, and nothing else does
EXAMPLE = "example-"
EXCEPTIONS = "exceptions"
PATCHES = "environments"
PARALLELISM = 10
MOST_PARALLELISM = 32
CALL_DEADLINE = 120
CHANGE_DEADLINE = 600
RUN_DEADLINE = 3600
GRACE = 30
HOUR = 3600
DAY = 86_400

Vintage = Literal["v1", "v2"]

_URL = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")
_SANDBOX = re.compile(r"sandbox:(?:[^\s\x00-\x1f\x7f]+\.db)?")
_TOKEN = re.compile(r"[\x21-\x7e]+")


# ------------------------------------------------------------------------------------- what is written


def _refuse(message: str, remedy: str) -> PydanticCustomError:
    # Braces would be placeholders, so the whole text is one.
    return PydanticCustomError("settings", "{text}", {"text": message, "remedy": remedy})


def _url(url: str) -> str:
    if url.startswith(SANDBOX):
        if _SANDBOX.fullmatch(url):
            return url
        raise _refuse(
            f"{shown(url)} is not a sandbox.",
            "Write `sandbox:`, or `sandbox:` and a path that ends with .db.",
        )
    if "@" in url:
        raise _refuse(
            "A url holds no user and no password.",
            "Remove what stands before the `@`; the token comes from an environment variable.",
        )
    if not _URL.fullmatch(url):
        raise _refuse(
            f"{shown(url)} is not a url of a marketplace.",
            "Write one such as https://na.api.immutacloud.com/marketplace, or `sandbox:`.",
        )
    if url.startswith("http:") and not is_loopback(url):
        raise _refuse(
            f"{shown(url)} would send the token unencrypted.",
            "Write https://; http is for this machine only.",
        )
    return url.rstrip("/")


def _token_variable(name: str) -> str:
    if re.fullmatch(TOKEN_PREFIX + r"[A-Z0-9_]*", name):
        return name
    # The value is not quoted: a token may have been put here by mistake.
    raise _refuse(
        f"tokenVariable is the name of an environment variable that begins with {TOKEN_PREFIX}.",
        f"Write a name such as {TOKEN_PREFIX} or {TOKEN_PREFIX}_PROD. If this is a token, revoke it.",
    )


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if (
        not path.strip()
        or pure.is_absolute()
        or ".." in pure.parts
        or "\\" in path
        or re.match(r"[A-Za-z]:", path)
    ):
        raise _refuse(
            f"{shown(path)} is not a path below the workspace.",
            "Write a path relative to dpsync.yaml, with `/` and without `..`.",
        )
    return path


def _workspace_id(text: str) -> str:
    if re.fullmatch(r"[a-z0-9-]{8,64}", text):
        return text
    raise _refuse(
        f"{shown(text)} is not a workspace id.",
        "Write 8 to 64 of a-z, 0-9 and `-`, half of them random. Never change it once something was applied.",
    )


def _limit(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    if all(isinstance(entry, bool | int | float | str) for entry in entries):
        return tuple(value) if isinstance(value, list) else value
    raise _refuse(
        f"A guardrail's limit cannot be {shown(value)}.",
        "Write a number, a text, true or false, or a list of texts.",
    )


def _name(text: str) -> str:
    if text.strip() and text.isprintable():
        return text
    raise _refuse(f"{shown(text)} is not a name.", "Write one in letters, digits, `-` and `_`.")


def _guardrail(value: Any) -> Any:
    if isinstance(value, str):
        raise _refuse(f"A guardrail is a mapping, not {shown(value)}.", f"Write {{severity: {value}}}.")
    return value


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        where = (
            f" at character {error.pos + 1}" if isinstance(error, re.error) and error.pos is not None else ""
        )
        raise _refuse(
            f"{shown(text)} is not a regular expression: {getattr(error, 'msg', error)}{where}.",
            "Write one that the whole display name has to match, such as '[A-Z].*', in single quotes.",
        ) from None
    return text


def _resource(text: str) -> str:
    kind, slash, key = text.partition("/")
    if not slash or not (is_key(key) or is_live_id(key)):
        raise _refuse(
            f"{shown(text)} is not a resource.",
            "Write KIND/KEY as a plan shows it, such as DataProduct/na-sales.",
        )
    _kind(kind)
    return text


def _kind(text: str) -> str:
    if text in KINDS:
        return text
    meant = closest(text, KINDS)
    hint = f"Did you mean `{meant}`? " if meant is not None else ""
    raise _refuse(f"There is no kind {shown(text)}.", f"{hint}Kinds are {', '.join(KINDS)}.")


def _filled(text: str) -> str:
    if text.strip():
        return text
    raise _refuse("An empty text means nothing here.", "Write a text, or remove the entry.")


def _variable_name(name: str) -> str:
    if VARIABLE_NAME.fullmatch(name):
        return name
    raise _refuse(
        f"{shown(name)} is not a name for a variable.",
        "Write letters, digits, `_` and `-`, beginning with a letter, such as sales-domain.",
    )


def _variable(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    raise _refuse(
        f"A variable cannot be {shown(value)}.",
        "Write a text, a number, true, false or null; lists and mappings are for patches.",
    )


Variables = dict[
    Annotated[str, AfterValidator(_variable_name)], Annotated[VariableValue, BeforeValidator(_variable)]
]


def _like(pattern: str) -> Any:
    """What JSON Schema is told about a text, where a function judges it here."""
    return Field(json_schema_extra={"pattern": pattern})


Texts = tuple[Annotated[str, AfterValidator(_filled), _like(r"\S")], ...]
Inside = Annotated[
    str, AfterValidator(_inside), _like(r"^(?!/)(?!(?:.*/)?\.\.(?:/|$))(?![A-Za-z]:)[^\\]*[^\\\s][^\\]*$")
]
KindName = Annotated[str, AfterValidator(_kind), Field(json_schema_extra={"enum": list(KINDS)})]
ResourceName = Annotated[str, AfterValidator(_resource), _like(f"^(?:{'|'.join(KINDS)})/\\S+$")]
Pattern = Annotated[str, AfterValidator(_pattern), Field(json_schema_extra={"format": "regex"})]


class _Written(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        hide_input_in_errors=True,
        defer_build=True,
    )


class WorkspaceMetadata(_Written):
    """What a workspace is called, and the id that is part of every identity it makes."""

    name: Annotated[
        str,
        AfterValidator(_name),
        Field(min_length=1, description="What the workspace is called.", examples=["acme-data"]),
    ]
    id: Annotated[
        str,
        AfterValidator(_workspace_id),
        Field(
            description="Part of every identity: made once, with random characters, and never changed.",
            examples=["acme-data-7q2m9x4k"],
            json_schema_extra={"pattern": "^[a-z0-9-]{8,64}$"},
        ),
    ]


class Guardrail(BaseModel):
    """How strict one guardrail is; its limits are its own business and stand beside the severity."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True, defer_build=True)
    __pydantic_extra__: dict[str, Annotated[Any, BeforeValidator(_limit)]]

    severity: Annotated[
        Literal["error", "warning", "off"] | None,
        Field(description="error, warning or off.", examples=["warning"]),
    ] = None


Guardrails = dict[str, Annotated[Guardrail, BeforeValidator(_guardrail)]]


class EnvironmentDeadlines(_Written):
    """How long things may take before they are given up, in seconds; the shortest that is reached counts."""

    call: Annotated[
        StrictInt,
        Field(
            ge=1,
            le=HOUR,
            description="One call, with its retries and the waits between them.",
            examples=[120],
        ),
    ] = CALL_DEADLINE
    change: Annotated[
        StrictInt,
        Field(
            ge=1,
            le=DAY,
            description="One change of an apply: reading, its calls, and reading back.",
            examples=[600],
        ),
    ] = CHANGE_DEADLINE
    run: Annotated[
        StrictInt, Field(ge=1, le=DAY, description="All changes of an apply.", examples=[3600])
    ] = RUN_DEADLINE
    grace: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=HOUR,
            description="What is in flight when an apply is interrupted, until it is given up.",
            examples=[30],
        ),
    ] = GRACE


class Environment(_Written):
    """One marketplace that the manifests are applied to."""

    url: Annotated[
        str,
        AfterValidator(_url),
        Field(
            description="Such as https://na.api.immutacloud.com/marketplace, or `sandbox:`.",
            examples=["https://na.api.immutacloud.com/marketplace", "sandbox:"],
            json_schema_extra={"pattern": f"^(?:{_URL.pattern}|{_SANDBOX.pattern})$"},
        ),
    ]
    token_variable: Annotated[
        str,
        AfterValidator(_token_variable),
        Field(
            description="The environment variable that holds the token.",
            examples=["DPSYNC_TOKEN_PRODUCTION"],
            json_schema_extra={"pattern": f"^{TOKEN_PREFIX}[A-Z0-9_]*$"},
        ),
    ] = TOKEN_PREFIX
    vintage: Annotated[
        Vintage, Field(description="Which version of the API the marketplace speaks.", examples=["v2"])
    ] = "v2"
    prune: Annotated[
        StrictBool,
        Field(
            description="Whether what this workspace made and no manifest names is deleted.", examples=[True]
        ),
    ] = True
    parallelism: Annotated[
        StrictInt,
        Field(
            ge=1, le=MOST_PARALLELISM, description="How many requests are under way at once.", examples=[10]
        ),
    ] = PARALLELISM
    deadlines: Annotated[
        EnvironmentDeadlines | None,
        Field(
            description="How many seconds a call, a change, a run and an interrupted call may take.",
            examples=[{"call": 120, "change": 600, "run": 3600, "grace": 30}],
        ),
    ] = None
    guardrails: Annotated[
        Guardrails,
        Field(
            description="What is otherwise here than in `spec.guardrails`, by name.",
            examples=[{"source-removal": {"severity": "warning"}}],
        ),
    ] = {}
    variables: Annotated[
        Variables,
        Field(
            description="What `${name}` means here, where it is otherwise than in `spec.variables`.",
            examples=[{"suffix": " (dev)"}],
        ),
    ] = {}


class OwnerRule(_Written):
    """Who owns the manifests below some paths, and what they may declare there; what is left out is not restricted."""

    name: Annotated[str, Field(min_length=1, description="Who it is, for messages.", examples=["sales"])]
    paths: Annotated[
        tuple[Inside, ...],
        Field(
            min_length=1,
            description="Globs of files, relative to dpsync.yaml.",
            examples=[["products/sales/**"]],
        ),
    ]
    domains: Annotated[
        Texts,
        Field(
            description="The domains, by key or name, that their products may be in.", examples=[["sales"]]
        ),
    ] = ()
    kinds: Annotated[
        tuple[KindName, ...],
        Field(description="The kinds that they may declare.", examples=[list(KINDS)[:1]]),
    ] = ()
    labels: Annotated[
        dict[str, str],
        Field(description="Labels that each of their manifests has to carry.", examples=[{"team": "sales"}]),
    ] = {}


class ProtectedObjects(_Written):
    """What must not be deleted, suspended or emptied, also when its own manifest is gone."""

    resources: Annotated[
        tuple[ResourceName, ...],
        Field(description="Addresses, such as DataProduct/na-sales.", examples=[["DataProduct/na-sales"]]),
    ] = ()
    names: Annotated[
        Texts, Field(description="Patterns of display names, with * and ?.", examples=[["Finance *"]])
    ] = ()
    domains: Annotated[
        Texts,
        Field(description="Domains, by key, name or id: every product in them.", examples=[["finance"]]),
    ] = ()


class WorkspaceSpec(_Written):
    """Where the manifests are, and where they go."""

    manifests: Annotated[
        tuple[Inside, ...],
        Field(
            min_length=1,
            description="The folders (or files) of manifests, relative to dpsync.yaml.",
            examples=[["products"]],
        ),
    ]
    environments: Annotated[
        dict[Annotated[str, AfterValidator(_name)], Environment],
        Field(
            min_length=1,
            description="The marketplaces, by name.",
            examples=[{"sandbox": {"url": "sandbox:"}}],
        ),
    ]
    guardrails: Annotated[
        Guardrails,
        Field(
            description="Guardrails that are to be stricter or more lenient, by name.",
            examples=[{"too-many-deletes": {"limit": 10, "share": 0.25}}],
        ),
    ] = {}
    exceptions: Annotated[
        Inside,
        Field(description="The folder of exceptions from guardrails.", examples=["exceptions"]),
    ] = EXCEPTIONS
    variables: Annotated[
        Variables,
        Field(
            description="What `${name}` means in manifests, in every environment that does not say.",
            examples=[{"suffix": ""}],
        ),
    ] = {}
    patches: Annotated[
        Inside,
        Field(
            description="The folder of patches, with a folder for each environment in it.",
            examples=["environments"],
        ),
    ] = PATCHES
    sensitive_tags: Annotated[
        Texts,
        Field(
            description="Patterns of tags that a plan calls out, such as Discovered.PII*.",
            examples=[["Discovered.PII*"]],
        ),
    ] = ()
    owners: Annotated[
        tuple[OwnerRule, ...],
        Field(
            description="Who owns which manifests, and what they may declare.",
            examples=[[{"name": "sales", "paths": ["products/sales/**"], "domains": ["sales"]}]],
        ),
    ] = ()
    protected: Annotated[
        ProtectedObjects | None,
        Field(
            description="What must not be deleted, suspended or emptied.",
            examples=[{"resources": ["DataProduct/na-sales"]}],
        ),
    ] = None
    display_names: Annotated[
        dict[str, Pattern],
        Field(
            description="A regular expression for the display names of products, by domain (key, name or id).",
            examples=[{"sales": "Sales .*"}],
        ),
    ] = {}
    exclusive_domains: Annotated[
        Texts,
        Field(
            description="Domains, by key, name or id, in which only this workspace has products.",
            examples=[["finance"]],
        ),
    ] = ()


class Workspace(_Written):
    """The document of `dpsync.yaml`."""

    api_version: Annotated[
        Literal["dpsync/v1beta1"], Field(description=f"It is {API_VERSION}.", examples=[API_VERSION])
    ]
    kind: Annotated[Literal["Workspace"], Field(description="It is Workspace.", examples=["Workspace"])]
    metadata: Annotated[
        WorkspaceMetadata,
        Field(
            description="The workspace's name and id.",
            examples=[{"name": "acme-data", "id": "acme-data-7q2m9x4k"}],
        ),
    ]
    spec: Annotated[
        WorkspaceSpec,
        Field(
            description="Where the manifests are, and where they go.",
            examples=[{"manifests": ["products"], "environments": {"sandbox": {"url": "sandbox:"}}}],
        ),
    ]


# --------------------------------------------------------------------------------------- what it means


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How many seconds one call, one change and one run of apply may take, and what is in flight once it is interrupted."""

    call: int = CALL_DEADLINE
    change: int = CHANGE_DEADLINE
    run: int = RUN_DEADLINE
    grace: int = GRACE


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that one run in one environment has to know, except the token.

    `variables` holds those of every environment, by its name, in the order of dpsync.yaml.
    """

    root: Path
    workspace: str
    workspace_id: str
    manifests: tuple[str, ...]
    environment: str
    url: str
    vintage: Vintage
    prune: bool
    token_variable: str
    parallelism: int
    policy: Policy
    exceptions: str = EXCEPTIONS
    deadlines: Deadlines = Deadlines()
    patches: str = PATCHES
    variables: Mapping[str, Mapping[str, Variable]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a workspace has its manifests and patches, and what its variables are in each environment."""

    manifests: tuple[str, ...]
    patches: str
    variables: Mapping[str, Mapping[str, Variable]]


def read_settings(
    places: Places,
    root_value: object,
    file: str,
    root: Path,
    *,
    environment: str | None,
    environ: Mapping[str, str],
    url: str | None = None,
) -> Settings:
    """The settings that the workspace document gives in one environment.

    `url` takes the place of the environment's; `environ` are the environment variables. Raises InvalidManifests for what is
    wrong in the document, UsageError for an environment that it does not have and for a host that may not get a token.
    """
    workspace, findings = validated(Workspace, root_value, places, file)
    if workspace is None:
        raise InvalidManifests(in_order(findings))
    spec = workspace.spec
    name = _chosen(environment, tuple(spec.environments))
    chosen = spec.environments[name]
    address = chosen.url if url is None else _given(url)
    _check_host(address, environ)
    if url is None and _leads_out(address, root):
        _raise_at(
            places,
            file,
            ("spec", "environments", name, "url"),
            f"{shown(address)} leads out of the workspace.",
            "Write a path below dpsync.yaml.",
        )
    if workspace.metadata.id.startswith(EXAMPLE) and not (is_sandbox(address) or is_loopback(address)):
        _raise_at(
            places,
            file,
            ("metadata", "id"),
            f"{shown(workspace.metadata.id)} is the id of an example; "
            "every workspace that copied it would take the others' objects for its own.",
            "Write an id of your own: a name and a dozen random letters and digits, such as no one else has.",
        )
    return Settings(
        root=root,
        workspace=workspace.metadata.name,
        workspace_id=workspace.metadata.id,
        manifests=spec.manifests,
        environment=name,
        url=address,
        vintage=chosen.vintage,
        prune=chosen.prune,
        token_variable=chosen.token_variable,
        parallelism=chosen.parallelism,
        policy=_policy(spec, chosen),
        exceptions=spec.exceptions,
        deadlines=_deadlines(chosen.deadlines),
        patches=spec.patches,
        variables=_variables(spec, places, file),
    )


def _variables(spec: WorkspaceSpec, places: Places, file: str) -> Mapping[str, Mapping[str, Variable]]:
    """The variables of each environment: its own, and those for all that it does not give itself."""

    def placed(written: Variables, *path: str) -> dict[str, Variable]:
        return {
            name: Variable(value, Origin.at(file, places.at((*path, name))), everywhere=len(path) == 2)
            for name, value in written.items()
        }

    everywhere = placed(spec.variables, "spec", "variables")
    return {
        name: {**everywhere, **placed(one.variables, "spec", "environments", name, "variables")}
        for name, one in spec.environments.items()
    }


def _deadlines(written: EnvironmentDeadlines | None) -> Deadlines:
    return (
        Deadlines()
        if written is None
        else Deadlines(written.call, written.change, written.run, written.grace)
    )


def _policy(spec: WorkspaceSpec, chosen: Environment) -> Policy:
    """The policy that holds in an environment, as far as dpsync.yaml says it: exceptions are documents of their own."""
    return Policy(
        guardrails=_overridden(_plain(spec.guardrails), _plain(chosen.guardrails)),
        sensitive_tags=spec.sensitive_tags,
        owners=tuple(Owner(one.name, one.paths, one.domains, one.kinds, one.labels) for one in spec.owners),
        protected=_protection(spec.protected),
        names=spec.display_names,
        exclusive=spec.exclusive_domains,
    )


def _protection(written: ProtectedObjects | None) -> Protection:
    return Protection() if written is None else Protection(written.resources, written.names, written.domains)


def _plain(guardrails: Guardrails) -> dict[str, dict[str, object]]:
    return {rule: guardrail.model_dump(exclude_unset=True) for rule, guardrail in guardrails.items()}


def _overridden(
    everywhere: dict[str, dict[str, object]], here: dict[str, dict[str, object]]
) -> dict[str, dict[str, object]]:
    """What is said everywhere, with what is said here over it: by rule, and in each rule by severity and threshold."""
    return {rule: {**everywhere.get(rule, {}), **here.get(rule, {})} for rule in {**everywhere, **here}}


def layout_of(places: Places, root_value: object, file: str) -> Layout:
    """Where a workspace document says that manifests are, and what they mean. Raises InvalidManifests if it is not valid."""
    workspace, findings = validated(Workspace, root_value, places, file)
    if workspace is None:
        raise InvalidManifests(in_order(findings))
    spec = workspace.spec
    return Layout(spec.manifests, spec.patches, _variables(spec, places, file))


def token_of(settings: Settings, environ: Mapping[str, str]) -> Token:
    """The token from the environment's variable; the sandbox needs none. Raises UsageError."""
    if is_sandbox(settings.url):
        return Token(SANDBOX_TOKEN)
    name = settings.token_variable
    text = environ.get(name, "")
    if not text.strip():
        hint = f" The token of a served sandbox is `{SANDBOX_TOKEN}`." if is_loopback(settings.url) else ""
        raise UsageError(
            f"The environment {settings.environment} takes its token from {name}, which is not set.",
            f"Set {name} to a personal access token of the marketplace, or name a file that holds one with --token-file.{hint}",
        )
    return token_from(text, name)


def token_from(text: str, where: str) -> Token:
    """The token in a text, without the blanks around it. `where` is a variable or a file. Raises UsageError."""
    stripped = text.strip()
    if not _TOKEN.fullmatch(stripped):
        raise UsageError(
            f"What {where} holds is not a token: it is empty, or has blanks or other characters inside that no token has.",
            "Copy the token again, in one line and without quotes or `Bearer`.",
        )
    return Token(stripped)


def allowed_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    """The hosts that may get a token besides the vendor's and this machine."""
    return frozenset(name.strip().casefold() for name in environ.get(ALLOWED_HOSTS, "").split(",")) - {""}


def is_sandbox(url: str) -> bool:
    """Whether the url means the built-in sandbox, in this very process."""
    return url.startswith(SANDBOX)


def is_loopback(url: str) -> bool:
    """Whether the url leads to this machine and no further."""
    return not is_sandbox(url) and hosts.is_loopback(urlsplit(url).hostname or "")


def sandbox_path(settings: Settings) -> Path | None:
    """The file of the sandbox's world, or None where the url is not a sandbox."""
    if not is_sandbox(settings.url):
        return None
    return settings.root / (settings.url.removeprefix(SANDBOX) or SANDBOX_FILE)


# --------------------------------------------------------------------------------------------- rules


def _chosen(environment: str | None, names: tuple[str, ...]) -> str:
    listed = ", ".join(names)
    if environment is None:
        if len(names) == 1:
            return names[0]
        raise UsageError(
            f"The workspace has more than one environment: {listed}.",
            "Choose one with --env, or with DPSYNC_ENV.",
        )
    if environment in names:
        return environment
    meant = closest(environment, names)
    hint = f"Did you mean `{meant}`? " if meant is not None else ""
    raise UsageError(f"There is no environment {shown(environment)}.", f"{hint}The workspace has: {listed}.")


def _given(url: str) -> str:
    """A url from the command line, held to the same rules as one from the document."""
    try:
        return _url(url)
    except PydanticCustomError as error:
        context = error.context or {}
        raise UsageError(str(context["text"]), str(context["remedy"])) from None


def _check_host(url: str, environ: Mapping[str, str]) -> None:
    if is_sandbox(url) or is_loopback(url):
        return
    host = (urlsplit(url).hostname or "").casefold()
    if hosts.may_get_token(host, allowed_hosts(environ)):
        return
    raise UsageError(
        f"{host} is not a host that dpsync sends a token to.",
        f"A token goes to *{hosts.VENDOR_HOSTS}, to this machine, and nowhere else, whatever a url in the workspace says. "
        f"If {host} is your marketplace, name it in the environment variable {ALLOWED_HOSTS}.",
    )


def _leads_out(url: str, root: Path) -> bool:
    if not is_sandbox(url):
        return False
    real = os.path.realpath(root)
    return not Path(os.path.realpath(root / url.removeprefix(SANDBOX))).is_relative_to(real)


def _raise_at(places: Places, file: str, path: tuple[str, ...], message: str, remedy: str) -> None:
    origin = Origin.at(file, places.at(path))
    raise InvalidManifests((Finding("invalid-value", Severity.ERROR, message, remedy, origin),))
