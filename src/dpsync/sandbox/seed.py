"""Seeds: worlds to fill a sandbox with. One that looks like a company, large ones, and random small ones.

A room of its own because a world is a value: whoever needs one asks for it and changes it with `dataclasses.replace`,
and no server has to run. The same arguments give the same world, to the byte, so that what was printed yesterday is
printed tomorrow. Must never look at a clock; times are written out, far in the past or far in the future.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid5

from dpsync.sandbox import acme as estate
from dpsync.sandbox.identifiers import cuid
from dpsync.sandbox.world import (
    Agreement,
    Column,
    Domain,
    Form,
    Group,
    Product,
    Request,
    Source,
    Tag,
    User,
    World,
)

READER_TOKEN: Final = "sandbox-reader"  # noqa: S105
"""Acts as a person who may write nothing."""

SALES_TOKEN: Final = "sandbox-sales"  # noqa: S105
"""Acts as a person who may manage data products in the domain Sales, and nowhere else."""

STANDARD_FORM: Final = "Standard Request Form"
"""The form that every tenant has and nobody can change (FACTS 2.3)."""

LONG_AGO: Final = "2025-06-30T00:00:00.000Z"
FAR_AHEAD: Final = "2099-12-31T00:00:00.000Z"

_NAMESPACE: Final = UUID("6f1d3c52-6a3e-5d0e-9f0b-6c5c4a1e2b77")
_MANAGE: Final = "Manage Data Products"
_REFERENCE_TYPES: Final = (("id", "NUMBER(38,0)"), ("name", "VARCHAR(16777216)"), ("amount", "NUMBER(18,2)"))


def demo_world() -> World:
    """The seeded world: Acme, with eight domains, some three hundred sources and eight products made by hand.

    Three tokens: `sandbox` acts as a governor, `sandbox-reader` and `sandbox-sales` as people with fewer rights.
    """
    sources, homes = _estate()
    domains = tuple(
        Domain(_uuid("domain", name), name, text, tuple(homes[name])) for name, text in estate.DOMAINS.items()
    )
    users = tuple(_staff())
    agreements = (
        Agreement(
            _uuid("agreement", 1), "Acceptable Use Policy", "Acme data is used for Acme's business only."
        ),
    )
    forms = _forms_made_by_hand(agreements[0].id)
    return World(
        tenant=estate.COMPANY,
        caller=_person(estate.CALLER),
        domains=domains,
        sources=sources,
        users=users,
        groups=tuple(
            Group(
                number, name, iam, None if iam == "bim" else f"{name.lower().replace(' ', '-')}@{estate.MAIL}"
            )
            for number, (name, iam) in enumerate(estate.PEOPLE_GROUPS, 1)
        ),
        tags=_tags_of(sources, estate.OTHER_TAGS),
        agreements=agreements,
        forms=forms,
        products=_products_made_by_hand(sources, users),
        tokens={READER_TOKEN: _person(estate.READER), SALES_TOKEN: _person(estate.SALES_STEWARD)},
    )


def large_world(
    products: int,
    *,
    sources_per_product: int = 3,
    members_per_product: int = 1,
    product_id: Callable[[int], str] | None = None,
) -> World:
    """A world of any size for benchmarks: `products` products, 100 to a domain, each over sources of its own.

    Product n (from 0) is called `Product 00000`, has the standard form, an expert and a description. `product_id(n)`
    is its id, so that a benchmark can make it one that a workspace owns; left out, it is a cuid.
    """
    identity = product_id or (lambda number: cuid("product", number))
    users = tuple(_numbered_user(number) for number in range(50))
    columns = tuple(Column(name, kind) for name, kind in _REFERENCE_TYPES)
    form = _standard_form()
    per_domain = 100
    domains, sources, made = [], [], []
    for place in range(-(-products // per_domain)):
        domain = f"Domain {place:03d}"
        first, last = place * per_domain, min((place + 1) * per_domain, products)
        numbers = range(first * sources_per_product + 1, last * sources_per_product + 1)
        domains.append(
            Domain(_uuid("domain", domain), domain, f"Products {first} and following", tuple(numbers))
        )
        sources += [
            Source(
                number,
                f"D{place:03d} T{number:06d}",
                "Snowflake",
                estate.SNOWFLAKE,
                "ANALYTICS",
                f"D{place:03d}",
                f"T{number:06d}",
                columns=columns,
            )
            for number in numbers
        ]
        for number in range(first, last):
            start = number * sources_per_product + 1
            members = (users[(number + step) % len(users)] for step in range(members_per_product))
            made.append(
                Product(
                    id=identity(number),
                    name=f"Product {number:05d}",
                    domain=domains[-1].id,
                    sources=tuple(range(start, start + sources_per_product)),
                    form=form.id,
                    description=f"Records of subject {number}.",
                    expert=users[number % len(users)].global_id,
                    requests=tuple(_request(number, user.global_id, "APPROVED") for user in members),
                )
            )
    return World(
        tenant="large",
        caller=users[0].global_id,
        domains=tuple(domains),
        sources=tuple(sources),
        users=users,
        groups=(Group(1, "Stewards"),),
        forms=(form,),
        products=tuple(made),
    )


def random_world(seed: int, size: int) -> World:
    """A small random world for property tests, the same for the same arguments.

    `size` is the number of products made by hand. There are 2 to 4 domains and 10 to 40 sources, some of them in two
    domains, people, groups, forms that approve, ask or delegate, and requests in every state.
    """
    chance = random.Random(f"{seed}/{size}")  # noqa: S311
    users = tuple(_numbered_user(number) for number in range(chance.randint(4, 10)))
    sources = tuple(_random_source(chance, number) for number in range(1, chance.randint(10, 40) + 1))
    domains = _random_domains(chance, sources)
    groups = tuple(Group(number, name) for number, name in enumerate(("Stewards", "Auditors"), 1))
    agreements = tuple(
        Agreement(_uuid("agreement", number), f"Agreement {number}", f"Text {number}.")
        for number in range(1, chance.randint(1, 3) + 1)
    )
    forms = _random_forms(chance, users, agreements)
    return World(
        tenant="random",
        caller=users[0].global_id,
        domains=domains,
        sources=sources,
        users=users,
        groups=groups,
        tags=_tags_of(sources, ("Certified",)),
        agreements=agreements,
        forms=forms,
        products=tuple(_random_product(chance, number, domains, forms, users) for number in range(size)),
    )


# -- Acme ------------------------------------------------------------------------------------------------------------


def _estate() -> tuple[tuple[Source, ...], dict[str, list[int]]]:
    """All sources of Acme, and the numbers of those in each domain, by the domain's name."""
    homes: dict[str, list[int]] = {name: [] for name in estate.DOMAINS}
    sources: list[Source] = []
    numbers = count(101)
    for schema in estate.SCHEMAS:
        for line in filter(None, map(str.strip, schema.tables.splitlines())):
            table, *words = line.split()
            source = _table(next(numbers), schema, table, words)
            sources.append(source)
            path = f"{schema.database}.{schema.name}.{table}"
            for domain in (*schema.domains, *estate.SHARED.get(path, ())):
                homes[domain].append(source.id)
    for prefix, name, domains, words_ in estate.PREFIXES:
        columns = _columns(words_.split(), "S3", masked=False)
        sources.append(Source(next(numbers), name, "S3", prefix=prefix, columns=columns))
        for domain in domains:
            homes[domain].append(sources[-1].id)
    return tuple(sources), homes


def _table(number: int, schema: estate.Schema, table: str, words: Sequence[str]) -> Source:
    path = f"{schema.database}.{schema.name}.{table}"
    usual = f"{schema.name} {table}".replace("_", " ").title()
    connection = f"Immuta Connections.{schema.platform}.{schema.database}.{schema.name}"
    return Source(
        id=number,
        name=estate.DISPLAY_NAMES.get(path, usual),
        platform=schema.platform,
        hostname=estate.SNOWFLAKE if schema.platform == "Snowflake" else estate.DATABRICKS,
        database=schema.database,
        schema=schema.name,
        table=table,
        tags=(connection, *estate.SCHEMA_TAGS.get(schema.name, ())),
        columns=_columns(words, schema.platform, masked=schema.database != "RAW"),
    )


def _columns(words: Sequence[str], platform: str, *, masked: bool) -> tuple[Column, ...]:
    names = [name for word in words for name in estate.GROUPS.get(word, (word,))]
    upper = platform == "Snowflake"
    return tuple(
        Column(
            name.upper() if upper else name,
            _type(name, platform),
            estate.TAGGED.get(name, ()),
            estate.MASKED.get(name) if masked else None,
        )
        for name in names
    )


def _type(name: str, platform: str) -> str:
    found = ((snowflake, other) for endings, snowflake, other in estate.TYPES if name.endswith(endings))
    return next(found, estate.TEXT_TYPES)[0 if platform == "Snowflake" else 1]


def _tags_of(sources: Sequence[Source], others: Sequence[str]) -> tuple[Tag, ...]:
    names = {tag for source in sources for tag in source.tags}
    names |= {tag for source in sources for column in source.columns for tag in column.tags}
    return tuple(
        Tag(number, name, "system" if name.startswith(("Discovered.", "Immuta ")) else "curated")
        for number, name in enumerate(sorted({*names, *others}), 1)
    )


def _staff() -> Iterator[User]:
    for number, line in enumerate(filter(None, map(str.strip, estate.STAFF.splitlines())), 11):
        username, name, department, groups = (part.strip() for part in line.split("  ") if part.strip())
        yield User(
            id=number,
            global_id=_person(username),
            username=username,
            name=name,
            email=None if username == estate.NO_MAIL else f"{username}@{estate.MAIL}",
            permissions=("GOVERNANCE", "AUDIT") if username == estate.CALLER else (),
            domains=tuple(
                (_uuid("domain", domain), _MANAGE)
                for domain, stewards in estate.STEWARDS.items()
                if username in stewards
            ),
            groups=tuple(groups.split(", ")),
            attributes=(("Department", department),),
        )


def _standard_form() -> Form:
    return Form(
        _uuid("form", STANDARD_FORM),
        STANDARD_FORM,
        (_question("purpose", "Why do you need access to this data?"),),
        _review((_GOVERNANCE, _STEWARDSHIP)),
        built_in=True,
    )


def _forms_made_by_hand(agreement: str) -> tuple[Form, ...]:
    return (
        _standard_form(),
        Form(
            _uuid("form", "Legacy Access"),
            "Legacy Access",
            (
                _question("legacy purpose", "What will you use it for?"),
                {
                    "id": _uuid("field", "legacy team"),
                    "type": "DROPDOWN",
                    "label": "Your team",
                    "required": True,
                    "options": [{"value": "Analytics"}, {"value": "Engineering"}, {"value": "Other"}],
                },
            ),
            {"rules": [], "defaultEvent": {"type": "dataProductPolicy"}},
            (agreement,),
        ),
        Form(
            _uuid("form", "Unmask Columns"),
            "Unmask Columns",
            (
                _question("unmask reason", "Which law or contract allows it?"),
                {
                    "id": _uuid("field", "unmask duration"),
                    "type": "ACCESS_DURATION",
                    "label": "How long do you need access to this data?",
                    "required": True,
                },
            ),
            _review(({"type": "GROUP", "name": "Privacy Office"},), (_GOVERNANCE,)),
        ),
    )


def _products_made_by_hand(sources: Sequence[Source], users: Sequence[User]) -> tuple[Product, ...]:
    """What was in the marketplace before anybody kept it in Git."""
    known = {f"{source.database}.{source.schema}.{source.table}": source.id for source in sources}
    crowd = [user.global_id for user in users if user.username != estate.CALLER]
    standard, legacy, unmask = (
        _uuid("form", name) for name in (STANDARD_FORM, "Legacy Access", "Unmask Columns")
    )

    def made(name: str, domain: str, *paths: str, form: str = standard, **more: Any) -> Product:
        return Product(
            id=cuid("product", name),
            name=name,
            domain=_uuid("domain", domain),
            sources=tuple(known[path] for path in paths),
            form=form,
            **more,
        )

    def approved(name: str, people: Sequence[str]) -> tuple[Request, ...]:
        return tuple(_request(name, person, "APPROVED") for person in people)

    return (
        made(
            "Store Sales Classic",
            estate.SALES,
            "ANALYTICS.RETAIL.STORE_SALES",
            "ANALYTICS.RETAIL.STORE_RETURNS",
            "ANALYTICS.RETAIL.STORE",
            "ANALYTICS.RETAIL.DATE_DIM",
            description="Sales in stores, as the old warehouse had them.",
            expert=_person("jane.doe"),
            requests=(
                *approved("Store Sales Classic", crowd[:32]),
                _request("Store Sales Classic", crowd[32], "APPROVED", expiration=FAR_AHEAD),
                _request("Store Sales Classic", crowd[33], "APPROVED", expiration=LONG_AGO),
                _request("Store Sales Classic", crowd[34], "PENDING"),
            ),
        ),
        made(
            "Web/App Clickstream",
            estate.DIGITAL,
            "main.web.clicks",
            "main.app.app_opens",
            description="Clicks of the shop and the app.",
            requests=(
                *approved("Web/App Clickstream", crowd[3:6]),
                _request("Web/App Clickstream", crowd[9], "APPROVED", expiration=LONG_AGO),
            ),
        ),
        made(
            "Finance\\Ledger Extract",
            estate.FINANCE,
            "RAW.SAP.BKPF",
            "RAW.SAP.BSEG",
            masking_form=unmask,
            requests=approved("Finance\\Ledger Extract", crowd[10:12]),
        ),
        made(
            "Kundenumsätze München",
            estate.SALES,
            "main.retail_de.umsätze",
            "main.retail_de.filialen",
            description="Umsätze der Filialen in München",
            expert=_person("zoe.mueller"),
            requests=(_request("Kundenumsätze München", crowd[6], "PENDING"),),
        ),
        made(
            "HR Headcount Snapshot",
            estate.PEOPLE,
            "ANALYTICS.PEOPLE.HEADCOUNT_MONTHLY",
            "ANALYTICS.PEOPLE.ATTRITION_MONTHLY",
            suspended=True,
            expert=_person("ben.wright"),
            requests=approved("HR Headcount Snapshot", crowd[14:18]),
        ),
        made(
            "Supplier Scorecard",
            estate.SUPPLY,
            "ANALYTICS.SUPPLY.SUPPLIER_SCORES",
            form=legacy,
            flow=_review(({"type": "GROUP", "name": "Supply Chain Stewards"},)),
            requests=(
                _request("Supplier Scorecard", crowd[18], "PENDING"),
                _request("Supplier Scorecard", crowd[19], "PENDING"),
            ),
        ),
        made(
            "Customer Voice",
            estate.CARE,
            "ANALYTICS.SUPPORT.TICKETS",
            "ANALYTICS.SUPPORT.AGENTS",
            masking_form=unmask,
            description="Tickets and who answered them.",
            requests=(
                *approved("Customer Voice", crowd[21:25]),
                _request("Customer Voice", crowd[25], "REVOKED"),
                _request("Customer Voice", crowd[26], "DENIED"),
                _request("Customer Voice", crowd[27], "CANCELED"),
                _request(
                    "Customer Voice",
                    crowd[21],
                    "APPROVED",
                    type="MASKING_EXCEPTION",
                    columns=((known["ANALYTICS.SUPPORT.AGENTS"], "EMAIL"),),
                ),
            ),
        ),
        made("Campaign Results", estate.MARKETING, "ANALYTICS.MARKETING.CAMPAIGN_RESULTS"),
    )


# -- random worlds ---------------------------------------------------------------------------------------------------


def _random_source(chance: random.Random, number: int) -> Source:
    columns = (
        Column("id", "NUMBER(38,0)"),
        Column("email", "VARCHAR(16777216)", ("Discovered.PII",), chance.choice((None, "Hash"))),
    )
    name = chance.choice((f"Table {number}", f"Table {number}", "Same Name", f"Tabelle {number} ä"))
    if chance.random() < 0.1:
        return Source(number, name, "S3", prefix=f"s3://lake/{number}/", columns=columns[:1])
    if chance.random() < 0.3:
        schema = chance.choice(("web", "app"))
        return Source(
            number, name, "Databricks", estate.DATABRICKS, "main", schema, f"t_{number}", columns=columns
        )
    schema, table = chance.choice(("ONE", "TWO")), chance.choice((f"T_{number}", f"T.{number}"))
    tags = chance.choice(((), ("PCI",)))
    return Source(
        number, name, "Snowflake", estate.SNOWFLAKE, "ANALYTICS", schema, table, tags=tags, columns=columns
    )


def _random_domains(chance: random.Random, sources: Sequence[Source]) -> tuple[Domain, ...]:
    homes: list[list[int]] = [[] for _ in range(chance.randint(2, 4))]
    for position, source in enumerate(sources):
        first = position if position < len(homes) else chance.randrange(len(homes))
        chosen = {first} | ({chance.randrange(len(homes))} if chance.random() < 0.2 else set())
        for home in chosen:
            homes[home].append(source.id)
    return tuple(
        Domain(_uuid("domain", number), f"Domain {number}", f"Domain number {number}", tuple(home))
        for number, home in enumerate(homes, 1)
    )


def _random_forms(
    chance: random.Random, users: Sequence[User], agreements: Sequence[Agreement]
) -> tuple[Form, ...]:
    policies = (
        {"rules": [], "defaultEvent": {"type": "approve", "params": {"comment": "Public"}}},
        {"rules": [], "defaultEvent": {"type": "dataProductPolicy"}},
        _random_review(chance, users),
    )
    return (
        _standard_form(),
        *(
            Form(
                _uuid("form", number),
                f"Form {number}",
                tuple(_question(f"{number}/{n}", f"Question {n}") for n in range(chance.randint(0, 2))),
                policy,
                tuple(each.id for each in chance.sample(agreements, chance.randint(0, len(agreements)))),
            )
            for number, policy in enumerate(policies, 1)
        ),
    )


def _random_review(chance: random.Random, users: Sequence[User]) -> dict[str, Any]:
    reviewers = (
        _GOVERNANCE,
        _STEWARDSHIP,
        {"type": "GROUP", "name": "Stewards"},
        {"type": "USER", "id": chance.choice(users).global_id},
        {"type": "ATTRIBUTE", "key": "Department", "value": "Number 1"},
    )
    stages = [tuple(chance.sample(reviewers, chance.randint(1, 3))) for _ in range(chance.randint(1, 2))]
    return _review(*stages)


def _random_product(
    chance: random.Random,
    number: int,
    domains: Sequence[Domain],
    forms: Sequence[Form],
    users: Sequence[User],
) -> Product:
    domain = chance.choice(domains)
    name = chance.choice(("Product {}", "Produkt {} für alle", "A/B {}", "Back\\slash {}")).format(number)
    statuses = ("APPROVED", "APPROVED", "APPROVED", "PENDING", "REVOKED", "DENIED", "CANCELED")
    people = chance.sample(users, chance.randint(0, len(users)))
    return Product(
        id=cuid("product", number),
        name=name,
        domain=domain.id,
        sources=tuple(chance.sample(domain.sources, chance.randint(0, min(4, len(domain.sources))))),
        form=chance.choice(forms).id,
        description=chance.choice((None, f"Text {number}.")),
        expert=chance.choice((None, users[-1].global_id)),
        suspended=chance.random() < 0.2,
        masking_form=chance.choice((None, forms[-1].id)),
        flow=chance.choice((None, _random_review(chance, users))),
        requests=tuple(_random_request(chance, number, user, chance.choice(statuses)) for user in people),
    )


def _random_request(chance: random.Random, product: int, user: User, status: str) -> Request:
    ends = chance.choice((None, None, LONG_AGO, FAR_AHEAD)) if status == "APPROVED" else None
    return _request(product, user.global_id, status, expiration=ends)


# -- rows ------------------------------------------------------------------------------------------------------------

_GOVERNANCE: Final = {"type": "PERMISSION", "permission": "GOVERNANCE"}
_STEWARDSHIP: Final = {"type": "DOMAIN PERMISSION", "permission": _MANAGE}


def _uuid(kind: str, name: object) -> str:
    return str(uuid5(_NAMESPACE, f"{kind}/{name}"))


def _person(username: str) -> str:
    return _uuid("user", username)


def _numbered_user(number: int) -> User:
    username = f"user{number:02d}"
    return User(
        id=number + 1,
        global_id=_person(username),
        username=username,
        name=f"User {number:02d}",
        email=f"{username}@{estate.MAIL}",
        permissions=() if number else ("GOVERNANCE",),
        groups=("Stewards",) if number % 3 == 1 else (),
        attributes=(("Department", f"Number {number % 4}"),),
    )


def _question(key: str, label: str) -> dict[str, Any]:
    return {"id": _uuid("field", key), "type": "SHORT_ANSWER", "label": label, "required": True}


def _review(*stages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    event = {"type": "review", "params": {"stages": [{"any": list(stage)} for stage in stages]}}
    return {"rules": [], "defaultEvent": event}


def _request(
    product: object,
    user: str,
    status: str,
    *,
    type: str = "DATA_ACCESS",  # noqa: A002
    expiration: str | None = None,
    columns: tuple[tuple[int, str], ...] = (),
) -> Request:
    return Request(cuid("request", product, user, type), user, status, type, expiration, columns)
