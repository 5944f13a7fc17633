from pathlib import Path
from typing import Any

import pytest

from dpsync.errors import InvalidManifests, UsageError
from dpsync.manifests.document import read_documents
from dpsync.model.policy import Owner, Policy, Protection
from dpsync.settings import (
    Deadlines,
    Settings,
    is_loopback,
    is_sandbox,
    read_settings,
    sandbox_path,
    token_from,
    token_of,
)

VENDOR = "https://na.api.immutacloud.com/marketplace"
WORKSPACE = """\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: acme, id: acme-4f9d2c}
spec:
  manifests: [domains, products]
  environments:
    dev: {url: "sandbox:"}
    prod:
      url: https://na.api.immutacloud.com/marketplace/
      tokenVariable: DPSYNC_TOKEN_PROD
      vintage: v1
      prune: true
      parallelism: 4
  guardrails:
    deletes: {severity: warning, most: 5, share: 0.2, protected: [a, b]}
"""


def settings(
    text: str = WORKSPACE,
    environment: str | None = "prod",
    environ: dict[str, str] | None = None,
    url: str | None = None,
    root: Path = Path("/nowhere"),
) -> Settings:
    documents, problems = read_documents(text.encode())
    assert problems == ()
    (document,) = documents
    value: Any = document.root
    return read_settings(
        document, value, "dpsync.yaml", root, environment=environment, environ=environ or {}, url=url
    )


def told(text: str, **more: Any) -> list[str]:
    with pytest.raises(InvalidManifests) as caught:
        settings(text, **more)
    return [f"{one.origin} {one.rule}: {one.message} → {one.remedy}" for one in caught.value.findings]


def refused(text: str = WORKSPACE, **more: Any) -> str:
    with pytest.raises(UsageError) as caught:
        settings(text, **more)
    return f"{caught.value.message} → {caught.value.remedy}"


def test_an_environment_is_settled_with_all_that_it_says() -> None:
    assert settings() == Settings(
        root=Path("/nowhere"),
        workspace="acme",
        workspace_id="acme-4f9d2c",
        manifests=("domains", "products"),
        environment="prod",
        url=VENDOR,
        vintage="v1",
        prune=True,
        token_variable="DPSYNC_TOKEN_PROD",
        parallelism=4,
        policy=Policy(
            guardrails={"deletes": {"severity": "warning", "most": 5, "share": 0.2, "protected": ("a", "b")}}
        ),
        variables={"dev": {}, "prod": {}},
    )


def test_what_an_environment_does_not_say_has_a_default() -> None:
    read = settings(environment="dev")
    assert (read.vintage, read.prune, read.token_variable, read.parallelism) == (
        "v2",
        True,
        "DPSYNC_TOKEN",
        10,
    )


def deadlines(text: str) -> str:
    return WORKSPACE.replace("      parallelism: 4\n", f"      deadlines: {text}\n")


@pytest.mark.parametrize("name", ['"de\\e[2Jv"', '" "', '"a\\nb"', '"\\u202e"'])
def test_a_name_that_cannot_be_printed_is_refused_before_anybody_is_asked(name: str) -> None:
    for text in (
        WORKSPACE.replace("    dev:", f"    {name}:"),
        WORKSPACE.replace("name: acme", f"name: {name}"),
    ):
        with pytest.raises(InvalidManifests) as caught:
            settings(text)
        (finding,) = caught.value.findings
        assert "is not a name" in finding.message
        assert finding.message.isprintable()


def test_deadlines_have_defaults_one_by_one() -> None:
    assert settings().deadlines == Deadlines(call=120, change=600, run=3600, grace=30)
    assert settings(deadlines("{}")).deadlines == Deadlines()
    assert settings(deadlines("{call: 5}")).deadlines == Deadlines(call=5)
    whole = settings(deadlines("{call: 3600, change: 86400, run: 86400, grace: 0}"))
    assert whole.deadlines == Deadlines(3600, 86_400, 86_400, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{call: 0}",
            "invalid-value: spec.environments.prod.deadlines.call cannot be 0. → Write a number that is at least 1",
        ),
        (
            "{run: 100000}",
            "invalid-value: spec.environments.prod.deadlines.run cannot be 100000. → Write a number that is at least",
        ),
        (
            "{change: 1.5}",
            "wrong-type: spec.environments.prod.deadlines.change has to be a whole number, not 1.5. → ",
        ),
        (
            "{call: 2m}",
            "wrong-type: spec.environments.prod.deadlines.call has to be a whole number, not '2m'. → ",
        ),
        (
            "{cal: 5}",
            "unknown-field: `cal` is not a field of spec.environments.prod.deadlines. → Did you mean `call`?",
        ),
        ("{run: null}", "not-null: spec.environments.prod.deadlines.run cannot be null. → "),
        ("60", "wrong-type: spec.environments.prod.deadlines has to be a mapping, not 60. → "),
    ],
)
def test_a_deadline_is_whole_seconds_within_bounds(text: str, message: str) -> None:
    (finding,) = told(deadlines(text))
    assert finding.split(" ", 1)[1].startswith(message)


def test_the_only_environment_need_not_be_named() -> None:
    assert (
        settings(WORKSPACE.replace('    dev: {url: "sandbox:"}\n', ""), environment=None).environment
        == "prod"
    )


def test_of_several_environments_one_has_to_be_named() -> None:
    assert refused(environment=None) == (
        "The workspace has more than one environment: dev, prod. → Choose one with --env, or with DPSYNC_ENV."
    )


def test_an_unknown_environment_names_the_closest() -> None:
    assert refused(environment="prd") == (
        "There is no environment 'prd'. → Did you mean `prod`? The workspace has: dev, prod."
    )


EXPECTED = """\
dpsync.yaml:1:13 not-allowed: apiVersion cannot be 'dpsync/v1'.
    → Write dpsync/v1beta1.
dpsync.yaml:2:7 not-allowed: kind cannot be 'Workspce'.
    → Write Workspace.
dpsync.yaml:3:28 invalid-value: 'Acme' is not a workspace id.
    → Write 8 to 64 of a-z, 0-9 and `-`, half of them random. Never change it once something was applied.
dpsync.yaml:3:34 unknown-field: `owner` is not a field of metadata.
    → Remove the line, or use one of: name, id.
dpsync.yaml:5:15 invalid-value: '../other' is not a path below the workspace.
    → Write a path relative to dpsync.yaml, with `/` and without `..`.
dpsync.yaml:5:25 invalid-value: '/etc' is not a path below the workspace.
    → Write a path relative to dpsync.yaml, with `/` and without `..`.
dpsync.yaml:7:14 invalid-value: 'http://na.api.immutacloud.com' would send the token unencrypted.
    → Write https://; http is for this machine only.
dpsync.yaml:7:52 wrong-type: spec.environments.a.prune has to be true or false, not 'yes'.
    → Write `true`.
dpsync.yaml:7:70 invalid-value: spec.environments.a.parallelism cannot be 64.
    → Write a number that is at least 1 and at most 32.
dpsync.yaml:7:83 not-allowed: spec.environments.a.vintage cannot be 'v3'.
    → Write one of: v1, v2.
dpsync.yaml:8:14 invalid-value: 'na.api.immutacloud.com' is not a url of a marketplace.
    → Write one such as https://na.api.immutacloud.com/marketplace, or `sandbox:`.
dpsync.yaml:8:53 invalid-value: tokenVariable is the name of an environment variable that begins with DPSYNC_TOKEN.
    → Write a name such as DPSYNC_TOKEN or DPSYNC_TOKEN_PROD. If this is a token, revoke it.
dpsync.yaml:9:14 invalid-value: A url holds no user and no password.
    → Remove what stands before the `@`; the token comes from an environment variable.
dpsync.yaml:9:58 unknown-field: `token` is not a field of spec.environments.c.
    → Remove the line, or use one of: url, tokenVariable, vintage, prune, parallelism, deadlines, guardrails, variables.
dpsync.yaml:10:14 invalid-value: 'sandbox:world' is not a sandbox.
    → Write `sandbox:`, or `sandbox:` and a path that ends with .db.
dpsync.yaml:12:14 invalid-value: A guardrail is a mapping, not 'off'.
    → Write {severity: off}.
dpsync.yaml:13:25 not-allowed: spec.guardrails.sources.severity cannot be 'of'.
    → Did you mean `off`? Write one of: error, warning, off.
dpsync.yaml:13:35 invalid-value: A guardrail's limit cannot be a mapping.
    → Write a number, a text, true or false, or a list of texts.
dpsync.yaml:13:49 not-null: spec.guardrails.sources.more cannot be null.
    → Write a value, or leave the line out.
"""


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = """\
apiVersion: dpsync/v1
kind: Workspce
metadata: {name: acme, id: Acme, owner: me}
spec:
  manifests: [../other, /etc, products]
  environments:
    a: {url: http://na.api.immutacloud.com, prune: yes, parallelism: 64, vintage: v3}
    b: {url: na.api.immutacloud.com, tokenVariable: eyJhbGciOi.secret}
    c: {url: "https://user:pass@na.api.immutacloud.com", token: x}
    d: {url: sandbox:world}
  guardrails:
    deletes: off
    sources: {severity: of, most: {a: b}, more: null}
"""
    findings = told(text)
    assert "".join(f"{finding}\n" for finding in findings).replace(" → ", "\n    → ") == EXPECTED
    assert "secret" not in "".join(findings)
    assert "pass@" not in "".join(findings)


def test_an_empty_workspace_file_is_a_finding() -> None:
    documents, _ = read_documents(b"")
    with pytest.raises(InvalidManifests) as caught:
        read_settings(documents[0], None, "dpsync.yaml", Path(), environment=None, environ={})
    assert [one.message for one in caught.value.findings] == ["The document cannot be null."]


# ---------------------------------------------------------------------------- where a token may be sent


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/marketplace",
        "https://api.immutacloud.com.evil.example",
        "https://evilapi.immutacloud.com",
        "https://evil.example/.api.immutacloud.com",
        "https://192.168.0.1",
        "https://127.0.0.1.evil.example",
    ],
)
def test_a_token_is_sent_to_no_other_host(url: str) -> None:
    message = refused(url=url)
    assert "not a host that dpsync sends a token to" in message
    assert "DPSYNC_ALLOWED_HOSTS" in message
    assert "not a host" in refused(WORKSPACE.replace(f"{VENDOR}/", url))


@pytest.mark.parametrize(
    "url",
    [
        "http://na.api.immutacloud.com",
        "http://localhost.evil.example",
        "ftp://na.api.immutacloud.com",
        "https://na.api.immutacloud.com@evil.example",
        "https://na.api.immutacloud.com\\@evil.example",
        "https://na.api.immutacloud.com?x=y",
        "https://na.api.immutacloud.com\n.evil.example",
        "https://na.api.immutacloud.com#",
        "https://",
        "sandbox:a b.db",
        "sandbox:world",
        "",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    assert "→ " in refused(url=url)


def test_a_host_that_the_environment_variable_names_is_allowed() -> None:
    environ = {"DPSYNC_ALLOWED_HOSTS": "other.example, Market.Acme.Example "}
    assert (
        settings(url="https://market.acme.example/x/", environ=environ).url == "https://market.acme.example/x"
    )
    assert "not a host" in refused(url="https://acme.example", environ=environ)


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.1:1/x", "https://[::1]:8080", VENDOR]
)
def test_the_vendor_and_this_machine_are_always_allowed(url: str) -> None:
    assert settings(url=url).url == url
    assert is_loopback(url) == (url != VENDOR)


def test_an_examples_id_is_good_for_the_sandbox_and_this_machine_only() -> None:
    text = WORKSPACE.replace("acme-4f9d2c", "example-4f9d2c")
    assert settings(text, environment="dev").workspace_id == "example-4f9d2c"
    assert settings(text, url="http://localhost:8080").workspace_id == "example-4f9d2c"
    (finding,) = told(text)
    assert finding.startswith("dpsync.yaml:3:28 invalid-value: 'example-4f9d2c' is the id of an example")


def test_the_sandbox_has_its_file_in_the_workspace(tmp_path: Path) -> None:
    assert sandbox_path(settings(environment="dev", root=tmp_path)) == tmp_path / ".dpsync/sandbox.db"
    assert sandbox_path(settings(url="sandbox:w/x.db", root=tmp_path)) == tmp_path / "w/x.db"
    assert sandbox_path(settings()) is None
    assert is_sandbox("sandbox:")
    text = WORKSPACE.replace('"sandbox:"', '"sandbox:../x.db"')
    assert "leads out of the workspace" in told(text, environment="dev", root=tmp_path)[0]
    assert settings(url=f"sandbox:{tmp_path}/x.db", root=tmp_path / "w").url


# ------------------------------------------------------------------------------------------- the token


def test_the_token_comes_from_its_variable_without_the_blanks_around_it() -> None:
    assert token_of(settings(), {"DPSYNC_TOKEN_PROD": " abc.def-_~+/= \n"}).reveal() == "abc.def-_~+/="
    assert token_of(settings(environment="dev"), {}).reveal() == "sandbox"


@pytest.mark.parametrize("environ", [{}, {"DPSYNC_TOKEN_PROD": " \n"}, {"DPSYNC_TOKEN": "abc"}])
def test_a_missing_token_names_its_variable(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        token_of(settings(), environ)
    assert "DPSYNC_TOKEN_PROD, which is not set" in caught.value.message
    assert "sandbox" not in caught.value.remedy


def test_a_served_sandbox_says_what_its_token_is() -> None:
    with pytest.raises(UsageError) as caught:
        token_of(settings(url="http://localhost:8080"), {})
    assert "`sandbox`" in caught.value.remedy


@pytest.mark.parametrize("text", ["secret one", "secret\none", "secret\x00", "sécret", "Bearer secret", ""])
def test_a_token_with_other_characters_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        token_from(text, "DPSYNC_TOKEN")
    assert "secret" not in caught.value.message + caught.value.remedy
    assert "DPSYNC_TOKEN" in caught.value.message
    assert caught.value.__context__ is None


# the policy

POLICY = """\
  exceptions: waivers
  sensitiveTags: [Discovered.PII*, SENSITIVE]
  owners:
    - name: sales-eng
      paths: [products/sales/**]
      domains: [sales]
      kinds: [DataProduct]
      labels: {team: sales-eng}
    - {name: platform, paths: ["**"]}
  protected:
    resources: [DataProduct/na-sales]
    names: ["Company *"]
    domains: [Finance]
  displayNames: {sales: "Sales [A-Z].*"}
  exclusiveDomains: [sales]
"""


def test_the_policy_is_read_with_all_that_it_says() -> None:
    read = settings(WORKSPACE + POLICY)
    assert read.exceptions == "waivers"
    assert read.policy == Policy(
        guardrails=read.policy.guardrails,
        sensitive_tags=("Discovered.PII*", "SENSITIVE"),
        owners=(
            Owner("sales-eng", ("products/sales/**",), ("sales",), ("DataProduct",), {"team": "sales-eng"}),
            Owner("platform", ("**",)),
        ),
        protected=Protection(("DataProduct/na-sales",), ("Company *",), ("Finance",)),
        names={"sales": "Sales [A-Z].*"},
        exclusive=("sales",),
    )


def test_without_a_policy_nothing_is_protected_and_exceptions_have_their_usual_folder() -> None:
    read = settings()
    assert read.exceptions == "exceptions"
    assert read.policy == Policy(guardrails=read.policy.guardrails)


OVERRIDES = """\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: acme, id: acme-4f9d2c}
spec:
  manifests: [products]
  environments:
    dev:
      url: "sandbox:"
      guardrails:
        source-removal: {severity: off}
        too-many-deletes: {limit: 50}
    prod: {url: "https://na.api.immutacloud.com"}
  guardrails:
    too-many-deletes: {limit: 3, severity: warning}
    wide-reach: {products: 5}
"""


def test_an_environment_overrides_guardrails_by_rule_and_by_key() -> None:
    everywhere = {"too-many-deletes": {"limit": 3, "severity": "warning"}, "wide-reach": {"products": 5}}
    assert settings(OVERRIDES).policy.guardrails == everywhere
    assert settings(OVERRIDES, environment="dev").policy.guardrails == {
        "source-removal": {"severity": "off"},
        "too-many-deletes": {"limit": 50, "severity": "warning"},
        "wide-reach": {"products": 5},
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("  exceptions: ../waivers", "16:15 invalid-value: '../waivers' is not a path below the workspace."),
        ("  sensitiveTags: [' ']", "16:19 invalid-value: An empty text means nothing here."),
        ("  sensitiveTags: PII", "16:18 wrong-type: spec.sensitiveTags has to be a list, not 'PII'."),
        ("  owners: [{name: a}]", "16:12 missing-field: spec.owners[0] needs `paths`."),
        (
            "  owners: [{name: a, paths: [/x]}]",
            "16:30 invalid-value: '/x' is not a path below the workspace.",
        ),
        (
            "  owners: [{name: a, paths: [x], kinds: [DataProducts]}]",
            "16:42 invalid-value: There is no kind 'DataProducts'. → Did you mean `DataProduct`?",
        ),
        (
            "  owners: [{name: a, paths: [x], domain: sales}]",
            "16:34 unknown-field: `domain` is not a field of spec.owners[0]. → Did you mean `domains`?",
        ),
        (
            "  protected: {resources: [na-sales]}",
            "16:27 invalid-value: 'na-sales' is not a resource. → Write KIND/KEY as a plan shows it",
        ),
        (
            "  protected: {resources: [Product/na-sales]}",
            "16:27 invalid-value: There is no kind 'Product'. → Did you mean `DataProduct`?",
        ),
        (
            "  displayNames: {sales: '[A-'}",
            "16:25 invalid-value: '[A-' is not a regular expression: unterminated character set at character 1.",
        ),
        (
            "  displayNames: {sales: 'a{99999999999}'}",
            "16:25 invalid-value: 'a{99999999999}' is not a regular",
        ),
        ("  exclusiveDomains: null", "16:21 not-null: spec.exclusiveDomains cannot be null."),
        (
            "  sensitivetags: []",
            "16:3 unknown-field: `sensitivetags` is not a field of spec. → Did you mean `sensiti",
        ),
    ],
)
def test_what_is_wrong_in_the_policy_is_said_at_its_place(line: str, says: str) -> None:
    (finding,) = told(f"{OVERRIDES.rstrip()}\n{line}\n", environment="prod")
    assert says in finding


def test_a_severity_that_an_environment_misspells_is_said_at_its_place() -> None:
    (finding,) = told(OVERRIDES.replace("severity: off", "severity: of"), environment="prod")
    assert (
        "dpsync.yaml:10:36 not-allowed: spec.environments.dev.guardrails.source-removal.severity" in finding
    )


VARIED = """\
apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {name: acme, id: acme-4f9d2c}
spec:
  manifests: [products]
  variables: {a: x, b: 3, c: null}
  environments:
    dev: {url: "sandbox:", variables: {b: true, d: 0.5}}
    prod: {url: "sandbox:"}
"""


def test_an_environment_has_its_own_variables_over_those_of_all() -> None:
    found = settings(VARIED, environment="dev").variables
    assert {name: one.value for name, one in found["dev"].items()} == {
        "a": "x",
        "b": True,
        "c": None,
        "d": 0.5,
    }
    assert {name: one.value for name, one in found["prod"].items()} == {"a": "x", "b": 3, "c": None}
    assert str(found["dev"]["b"].origin) == "dpsync.yaml:8:43"
    assert not found["dev"]["b"].everywhere
    assert found["dev"]["a"].everywhere


def test_a_variable_is_one_plain_value_with_a_plain_name() -> None:
    text = VARIED.replace("a: x", "a: [x]").replace("d: 0.5", "d.e: {f: g}")
    assert told(text, environment="dev") == [
        (
            "dpsync.yaml:6:18 invalid-value: A variable cannot be a list. → Write a text, a number, true, false or null; "
            "lists and mappings are for patches."
        ),
        (
            "dpsync.yaml:8:54 invalid-value: 'd.e' is not a name for a variable. → Write letters, digits, `_` and `-`, beginning "
            "with a letter, such as sales-domain."
        ),
        (
            "dpsync.yaml:8:54 invalid-value: A variable cannot be a mapping. → Write a text, a number, true, false or null; lists "
            "and mappings are for patches."
        ),
    ]
