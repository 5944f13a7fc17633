"""`dpsync doctor` before a marketplace that is served, and before everything that may stand in its place."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner

import dpsync.manifests.document
import dpsync.pipeline.doctor
from cli.served import Estate
from dpsync.cli import dpsync as command
from dpsync.model.examination import Examination, Verdict, error, good, notice, unknown, warning
from dpsync.model.jwt import claims_of
from dpsync.model.report import Page
from dpsync.pipeline.doctor import segment_of
from dpsync.reports.doctor import as_text
from telling import _WORLD, forget_the_surroundings

DAY = 86_400
CERTIFICATE = Path(__file__).parent / "selfsigned.pem"
WORKSPACE = """apiVersion: dpsync/v1beta1
kind: Workspace
metadata: {{name: ill, id: {id}}}
spec:
  manifests: [products]
  environments:
    prod: {{url: "{url}"}}
"""
AGREEMENT = """apiVersion: dpsync/v1beta1
kind: DataUseAgreement
metadata: {name: terms}
spec: {name: Terms, body: Be good.}
"""
PRODUCT = """apiVersion: dpsync/v1beta1
kind: DataProduct
metadata: {{name: {key}}}
spec: {{name: {key}, domain: {{name: {domain}}}, sources: [], requestForm: {{name: Standard Request Form}}}}
"""
VENDOR = "https://eu.api.immutacloud.com/marketplace"
USER = {
    "globalUserId": "u",
    "username": "jane",
    "displayName": "Jane",
    "expiration": 0,
    "tenantInfo": {"id": "t", "fqdn": "acme", "globalSegment": "na"},
}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_surroundings(monkeypatch)
    for name in (
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
        "SSL_CERT_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DPSYNC_TOKEN", "not-a-jwt")


def workspace(root: Path, url: str, identity: str = "ill-4f9d2c7a1b") -> Path:
    (root / "products").mkdir()
    (root / "products" / "terms.yaml").write_text(AGREEMENT, encoding="utf-8")
    (root / "dpsync.yaml").write_text(WORKSPACE.format(url=url, id=identity), encoding="utf-8")
    return root


def examined(root: Path, *options: str) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """The exit code, and of each topic the worst that was said: verdict, message, remedy."""
    result = CliRunner().invoke(command, ["doctor", "--workspace", str(root), "--json", *options])
    answer = json.loads(result.stdout)
    assert answer["can_work"] is (result.exit_code == 0)
    order = [one.value for one in Verdict]
    found: dict[str, tuple[str, str, str]] = {}
    for one in answer["examined"]:
        said = (one["verdict"], one["message"], one["remedy"])
        if one["topic"] not in found or order.index(said[0]) >= order.index(found[one["topic"]][0]):
            found[one["topic"]] = said
    return result.exit_code, found


@contextmanager
def answering(
    status: int, body: str | dict[str, Any], headers: Mapping[str, str] | None = None, *, tls: bool = False
) -> Iterator[str]:
    """A server that is no marketplace: it answers everything with this."""
    content = body if isinstance(body, str) else json.dumps(body)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            for name, value in {"Date": self.date_time_string(), **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content.encode())

        do_CONNECT = do_GET  # noqa: N815

        def log_message(self, format: str, *_args: Any) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_about: Any) -> None:  # a client that does not trust it hangs up
            pass

    with Server(("127.0.0.1", 0), Answer) as server:
        if tls:
            chosen = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            chosen.load_cert_chain(CERTIFICATE)
            server.socket = chosen.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def jwt(**claims: float) -> str:
    parts = (json.dumps(one).encode() for one in ({"alg": "none"}, claims))
    return ".".join((*(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts), "c2lnbmVk"))


def test_everything_is_in_order_before_a_served_marketplace(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DPSYNC_TOKEN", "sandbox")
    with estate.served():
        code, found = examined(estate.root)
    assert code == 0
    assert {topic for topic, (verdict, *_) in found.items() if verdict not in {"good", "notice"}} == set()
    assert found["connection"][1].endswith("answers and accepts the token.")
    assert found["tenant"][1] == "The token acts as Riley Morgan in the tenant acme."
    assert found["domains"][1] == "It may write in the one domain that the manifests need."
    assert found["vintage"][0] == "good"
    assert found["clock"][0] == "good"


def test_what_a_token_may_not_do_is_told_domain_by_domain(tmp_path: Path) -> None:
    root = workspace(tmp_path, "sandbox:.dpsync/sandbox.db")
    assert examined(root)[1]["permissions"][1] == "GOVERNANCE: it may write in every domain."
    for key, domain in (("a", "Finance"), ("b", "Finance"), ("c", "Sales"), ("d", "Atlantis")):
        text = PRODUCT.format(key=key, domain=domain)
        (root / "products" / f"{key}.yaml").write_text(text, encoding="utf-8")
    _WORLD["token_of"](root, "jane.doe")
    code, found = examined(root)
    assert code == 0
    assert found["permissions"] == ("good", "Manage Data Products in Sales.", "")
    verdict, message, remedy = found["domains"]
    assert verdict == "warning"
    assert "Finance (2)" in message
    assert "Manage Data Products" in remedy
    text = CliRunner().invoke(command, ["doctor", "--workspace", str(root)]).stdout
    assert "Atlantis (1)" in text
    assert text.endswith(("dpsync can work, with 1 warning.\n", "dpsync can work, with 2 warnings.\n"))


def test_a_workspace_that_is_not_valid_is_told_with_the_machine(tmp_path: Path) -> None:
    code, found = examined(tmp_path)
    assert (code, found["workspace"][0], found["libyaml"][0]) == (6, "error", "good")
    root = workspace(tmp_path, "sandbox:")
    (root / "products" / "terms.yaml").write_text("kind: [", encoding="utf-8")
    code, found = examined(root)
    assert code == 6
    assert (
        found["manifests"][1] == "The manifests are not valid: 1 error, the first at products/terms.yaml:2:1."
    )
    (root / "dpsync.yaml").write_text("a: b", encoding="utf-8")
    assert examined(root)[1]["workspace"][1].startswith("dpsync.yaml:1:1: ")


def test_a_token_that_is_not_set_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DPSYNC_TOKEN")
    code, found = examined(workspace(tmp_path, VENDOR))
    assert (code, found["token"][0]) == (6, "error")
    assert "DPSYNC_TOKEN, which is not set" in found["token"][1]


def test_a_token_in_a_file_is_the_one_that_is_looked_at(
    tmp_path: Path, estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DPSYNC_TOKEN")
    file = tmp_path / "token"
    file.write_text("sandbox\n", encoding="utf-8")
    with estate.served():
        code, found = examined(estate.root, "--token-file", str(file))
    assert code == 0
    assert found["connection"][0] == "good"
    text = jwt(exp=time.time() - DAY)
    file.write_text(text, encoding="utf-8")
    code, found = examined(
        workspace(tmp_path, f"http://127.0.0.1:{closed_port()}"), "--token-file", str(file)
    )
    assert (code, found["token"][0]) == (6, "error")
    assert found["token"][1].startswith(f"The token in {file} ended on ")


def test_a_token_says_itself_when_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(401, {"message": "Not authenticated.", "statusCode": 401}) as url:
        root = workspace(tmp_path, url)
        for ends, verdict, words in ((-DAY, "error", " ended on "), (3 * DAY + 60, "error", "401")):
            token = jwt(exp=time.time() + ends)
            monkeypatch.setenv("DPSYNC_TOKEN", token)
            code, found = examined(root)
            assert (code, found["token"][0]) == (6, verdict)
            assert words in found["token"][1]
            text = CliRunner().invoke(command, ["doctor", "--workspace", str(root)]).output
            assert token not in text
            assert token.split(".")[1] not in text
    assert "warning  token: The token in DPSYNC_TOKEN ends on " in text
    assert "in 3 days." in " ".join(text.split())


@pytest.mark.parametrize(
    "text",
    ["", "a.b.c", "a.e30.c", "a.W10.c", "...", "a." + "A" * 5000 + ".c", "a.é.c", jwt(exp=float(10**15))],
)
def test_a_token_that_says_nothing_is_no_error(text: str) -> None:
    claims = claims_of(text)
    assert claims is None or claims.expires is None


def test_a_token_of_another_segment_is_answered_like_a_wrong_one_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The vendor's host cannot be served here, so only the words are asked, with what a 401 brings.
    from dpsync.marketplace.probe import Probed, Trouble
    from dpsync.pipeline.doctor import _trouble
    from dpsync.settings import Settings, read_settings

    monkeypatch.setenv("DPSYNC_TOKEN", jwt(exp=time.time() + DAY))
    from dpsync.manifests.workspace import read_workspace

    document, _ = read_workspace(workspace(tmp_path, VENDOR) / "dpsync.yaml")
    assert document is not None
    settings: Settings = read_settings(
        document, document.root, "dpsync.yaml", tmp_path, environment=None, environ={}
    )
    said = _trouble(settings, Probed(trouble=Trouble.TOKEN, said="Not accepted (401)."), None, None, 0.0)
    assert (said.topic, said.message) == ("token", "Not accepted (401).")
    assert said.remedy.startswith(
        "A token of a tenant in another segment than eu is answered the same: is yours "
        "https://na.api.immutacloud.com/marketplace or https://ap.api.immutacloud.com/marketplace? Otherwise it was mistyped"
    )
    assert segment_of("https://na.api.immutacloud.com.evil.example/marketplace") is None


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (200, "<!DOCTYPE html><title>Sign in</title>", {}, "answers with a web page (status 200)"),
        (503, "<html>", {}, "answers with a web page (status 503)"),
        (
            302,
            "",
            {"Location": "https://login.example/?next=x"},
            "sends to login.example, which is not followed",
        ),
        (200, "{}", {}, "does not answer as the API does"),
        (200, "ok", {}, "not with JSON"),
        (404, '{"message": "no such route"}', {}, "was refused (404): no such route"),
        (500, "", {}, "failed inside the marketplace (500)"),
    ],
)
def test_what_answers_in_the_place_of_the_api_is_told_apart(
    status: int, body: str, headers: dict[str, str], words: str, tmp_path: Path
) -> None:
    with answering(status, body, headers) as url:
        code, found = examined(workspace(tmp_path, url))
    assert code == 6
    assert found["connection"][0] == "error"
    assert words in found["connection"][1]
    assert found["connection"][2]


@pytest.mark.parametrize("path", ["", "/marketplace"])
def test_a_url_that_may_lack_its_end_is_asked_about(path: str, tmp_path: Path) -> None:
    with answering(404, '{"message": "Not Found"}', {}) as url:
        _code, found = examined(workspace(tmp_path, url + path))
    assert ("lack /marketplace" in found["connection"][2]) is (path == "")


def test_a_clock_that_is_wrong_is_told(tmp_path: Path) -> None:
    with answering(200, USER, {"Date": "Tue, 01 Jan 2030 00:00:00 GMT"}) as url:
        _code, found = examined(workspace(tmp_path, url))
    verdict, message, _remedy = found["clock"]
    assert verdict == "warning"
    assert ("behind" if time.time() < 1_893_456_000 else "ahead of") in message


def test_nobody_who_answers_is_told_as_that(tmp_path: Path) -> None:
    code, found = examined(workspace(tmp_path, f"http://127.0.0.1:{closed_port()}"))
    assert code == 6
    assert "does not answer (ConnectError" in found["connection"][1]


def test_a_certificate_that_is_not_trusted_is_told_and_can_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(200, USER, tls=True) as url:
        root = workspace(tmp_path, url)
        code, found = examined(root)
        assert code == 6
        assert found["certificate"][0] == "error"
        assert "SSL_CERT_FILE" in found["certificate"][2]
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert examined(root)[1]["connection"][1] != ""
        assert "certificate" not in examined(root)[1]
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        code, found = examined(root)
    assert code == 6
    assert found["certificates"][0] == "error"


def test_certificates_keep_nobody_from_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    code, found = examined(workspace(tmp_path, "sandbox:.dpsync/sandbox.db"))
    assert code == 0
    assert found["certificates"][0] == "notice"


def test_a_proxy_that_is_not_there_or_refuses_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = workspace(tmp_path, VENDOR)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{closed_port()}")
    code, found = examined(root)
    assert code == 6
    assert found["proxy"][0] == "error"
    assert "The proxy 127.0.0.1:" in found["proxy"][1]
    with answering(407, "") as url:
        monkeypatch.setenv("HTTPS_PROXY", url.replace("http://", "http://user:secret@"))
        code, found = examined(root)
    assert code == 6
    assert "407" in found["proxy"][1]
    assert "secret" not in str(found)


def test_the_vintage_is_told_by_what_forms_say(tmp_path: Path) -> None:
    root = workspace(tmp_path, "sandbox:")
    assert examined(root)[1]["vintage"][0] == "good"
    text = (root / "dpsync.yaml").read_text(encoding="utf-8").replace('"sandbox:"', '"sandbox:", vintage: v1')
    (root / "dpsync.yaml").write_text(text, encoding="utf-8")
    assert examined(root)[1]["vintage"][0] == "notice"


def test_a_journal_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    root = workspace(tmp_path, "sandbox:other.db")
    (root / ".dpsync").write_text("a file where a folder should be", encoding="utf-8")
    code, found = examined(root)
    assert code == 6
    assert found["journal"][0] == "error"
    assert found["journal"][1].endswith(".dpsync is not a folder, so apply cannot write its journal there.")


def test_without_libyaml_reading_is_slow_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dpsync.manifests.document.HAS_LIBYAML
    monkeypatch.setattr(dpsync.pipeline.doctor, "HAS_LIBYAML", False)
    _code, found = examined(workspace(tmp_path, "sandbox:"))
    assert found["libyaml"][0] == "warning"


def test_without_git_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    _code, found = examined(workspace(tmp_path, "sandbox:"))
    assert found["git"] == (
        "notice",
        "No program `git` is found.",
        "`--base`, `--policy-from` and `drift` need it.",
    )


def test_what_was_looked_at_reads_line_by_line() -> None:
    entries = (
        good("libyaml", "PyYAML reads with libyaml."),
        notice("git", "No program `git` is found.", "`drift` needs it."),
        unknown("vintage", "Nothing tells."),
        warning("clock", "The clock is 90 seconds behind.", "Set it."),
        error(
            "token",
            "It does not hold; and this sentence is too long for one line of forty.",
            "Make a new one.",
        ),
    )
    assert as_text(Examination("prod", "https://x", entries), Page(width=60)) == (
        "Examined prod (https://x)\n"
        "\n"
        "  good     libyaml: PyYAML reads with libyaml.\n"
        "  notice   git: No program `git` is found.\n"
        "           → `drift` needs it.\n"
        "  unknown  vintage: Nothing tells.\n"
        "  warning  clock: The clock is 90 seconds behind.\n"
        "           → Set it.\n"
        "  error    token: It does not hold; and this sentence is too\n"
        "           long for one line of forty.\n"
        "           → Make a new one.\n"
        "\n"
        "dpsync cannot work like that: 1 error, 1 warning.\n"
    )
    assert as_text(Examination("prod", "x", entries[:3]), Page()).endswith("\nEverything is in order.\n")
