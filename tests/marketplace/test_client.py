from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from dpsync.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    MarketplaceError,
    NotAuthenticated,
    NotFound,
    Refused,
    Unreachable,
    UsageError,
)
from dpsync.marketplace import ReadClient, WriteClient
from dpsync.marketplace.client import ATTEMPTS, TAG_SEARCH
from dpsync.marketplace.paths import below, operation
from dpsync.marketplace.slots import Slots
from dpsync.model.call import Action, Call
from dpsync.model.secret import Token
from marketplace.doorways import TOKEN, URL, Slept, answering, made, run
from marketplace.leaping import clock, leaping

POST = Call(Action.CREATE, "POST", "/api/data-product", {"id": "x"})
PUT = Call(Action.UPDATE, "PUT", "/api/data-product/x", {"name": "New"})
DELETE = Call(Action.DELETE, "DELETE", "/api/data-product/x")


def ok(body: Any = None, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json={} if body is None else body)


def bad(status: int, body: Any = None, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={} if body is None else body, headers=headers)


def got(
    *answers: httpx2.Response | Exception, slept: Slept | None = None
) -> tuple[Any, list[httpx2.Request]]:
    transport, requests = answering(*answers)

    async def read() -> Any:
        async with made(ReadClient, transport, slept) as client:
            return await client.get("/api/metadata/domain")

    return run(read()), requests


def sent(call: Call, *answers: httpx2.Response | Exception, settled: Any = None) -> tuple[Any, int]:
    transport, requests = answering(*answers)

    async def write() -> Any:
        async with made(WriteClient, transport) as client:
            return await client.send(call, settled=settled)

    return run(write()), len(requests)


def failure(*answers: httpx2.Response | Exception) -> MarketplaceError:
    with pytest.raises(MarketplaceError) as caught:
        got(*answers)
    return caught.value


def test_a_request_says_who_asks_and_carries_the_token() -> None:
    body, (request,) = got(ok({"a": 1}))
    assert body == {"a": 1}
    assert str(request.url) == f"{URL}/api/metadata/domain"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"].startswith("dpsync/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_read_client_sends_no_other_verb(method: str) -> None:
    transport, requests = answering(ok())

    async def write() -> None:
        async with made(ReadClient, transport) as client:
            await client._request(method, "/api/data-product")

    with pytest.raises(RuntimeError, match="may not send"):
        run(write())
    assert not requests
    assert not hasattr(ReadClient, "send")


def searched(
    path: str, *answers: httpx2.Response | Exception, client: type[ReadClient] = ReadClient
) -> tuple[Any, list[httpx2.Request]]:
    transport, requests = answering(*answers)

    async def search() -> Any:
        async with made(client, transport) as one:
            return await one.search(path, {"dataSourceIds": [1]})

    return run(search()), requests


def test_a_read_client_may_send_the_one_search_whose_filters_are_a_body() -> None:
    found, (request,) = searched(TAG_SEARCH, ok({"data": [], "total": 0}))
    assert found == {"data": [], "total": 0}
    assert (request.method, str(request.url)) == ("POST", URL + TAG_SEARCH)
    assert request.content == b'{"dataSourceIds":[1]}'


@pytest.mark.parametrize("client", [ReadClient, WriteClient])
@pytest.mark.parametrize(
    "path",
    ["/api/data-product", f"{TAG_SEARCH}/", f"{TAG_SEARCH}?x", f"{TAG_SEARCH}/../x", TAG_SEARCH.upper(), ""],
)
def test_a_search_has_exactly_that_path_and_nothing_else_is_sent(path: str, client: type[ReadClient]) -> None:
    with pytest.raises(RuntimeError, match="nothing was sent"):
        searched(path, client=client)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "post"])
def test_a_read_client_sends_no_other_verb_to_the_search(method: str) -> None:
    transport, requests = answering(ok())

    async def write() -> None:
        async with made(ReadClient, transport) as client:
            await client._request(method, TAG_SEARCH, body={})

    with pytest.raises(RuntimeError, match="may not send"):
        run(write())
    assert not requests


@pytest.mark.parametrize("lost", [bad(503), bad(429), httpx2.ReadError("gone"), httpx2.ConnectError("no")])
def test_a_search_only_reads_and_is_sent_again(lost: httpx2.Response | Exception) -> None:
    found, requests = searched(TAG_SEARCH, lost, lost, ok({"total": 1}))
    assert found == {"total": 1}
    assert len(requests) == 3


def test_a_search_is_given_up_like_a_get_and_its_error_does_not_doubt_what_took_effect() -> None:
    with pytest.raises(Unreachable) as caught:
        searched(TAG_SEARCH, *[bad(503)] * ATTEMPTS)
    assert "took effect" not in caught.value.message
    with pytest.raises(BadAnswer):
        searched(TAG_SEARCH, bad(500))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/marketplace",
        "https://evilapi.immutacloud.com.evil.example/marketplace",
        "https://api.immutacloud.com.evil.example",
        "https://xapi.immutacloud.com",
        "http://na.api.immutacloud.com/marketplace",
        "http://sandbox.localhost/marketplace",
        "https://user@na.api.immutacloud.com/marketplace",
        "https://na.api.immutacloud.com@evil.example/",
        "https://na.api.immutacloud.com/marketplace?x=1",
        "https://na.api.immutacloud.com/#x",
        "ftp://na.api.immutacloud.com",
        "file:///etc/passwd",
        "https://[::1",
        "https://na.api.immutacloud.com:port/",
        "na.api.immutacloud.com",
        "",
    ],
)
def test_the_token_goes_to_no_other_host(url: str) -> None:
    with pytest.raises(UsageError):
        ReadClient(url, Token(TOKEN))


@pytest.mark.parametrize(
    "url",
    [
        "https://na.api.immutacloud.com/marketplace",
        "https://EU.api.immutacloud.com/marketplace/",
        "http://127.0.0.1:8000/marketplace",
        "http://localhost:8000",
        "http://[::1]:1/marketplace",
        "https://gateway.acme.example/marketplace",
    ],
)
def test_the_token_goes_to_the_vendor_this_machine_and_hosts_that_are_allowed(url: str) -> None:
    run(ReadClient(url, Token(TOKEN), allowed_hosts={"gateway.acme.example"}).__aexit__())


@pytest.mark.parametrize("token", ["", "two words", "line\n", "tökén"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        ReadClient(URL, Token(token))
    assert not token or token not in str(caught.value)


def test_what_passes_is_tried_again_with_longer_waits() -> None:
    slept = Slept()
    answers = (bad(502), bad(503), bad(504), httpx2.ReadTimeout("slow"), ok({"a": 1}))
    body, requests = got(*answers, slept=slept)
    assert body == {"a": 1}
    assert len(requests) == ATTEMPTS
    assert slept.seconds == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("100000", 60.0),
        ("Thu, 01 Jan 1970 00:00:09 GMT", 9.0),
        ("Wed, 31 Dec 1969 00:00:00 GMT", 0.0),
        ("soon", 0.5),
        ("2.5", 2.5),
        ("-3", 0.5),
        ("²", 0.5),
        ("9" * 5_000, 60.0),
        ("1e9", 0.5),
        ("Thu, 01 Jan 1970 00:00:09", 9.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 60.0),
        ("Mon, 99 Foo 99999999999999999999 00:00:00 GMT", 0.5),
        ("", 0.5),
    ],
)
def test_the_marketplace_says_how_long_to_wait(header: str, seconds: float) -> None:
    slept = Slept()
    headers = [(b"Retry-After", header.encode("latin-1"))]
    got(httpx2.Response(429, json={}, headers=headers), ok(), slept=slept)
    assert slept.seconds[0] == seconds


@pytest.mark.parametrize(
    ("date", "seconds"), [("Thu, 01 Jan 1970 00:00:05 GMT", 4.0), ("yesterday", 9.0), ("", 9.0)]
)
def test_a_date_to_wait_for_is_read_by_the_clock_of_the_marketplace(date: str, seconds: float) -> None:
    slept = Slept()
    until = "Thu, 01 Jan 1970 00:00:09 GMT"
    got(bad(429, **{"retry-after": until, "date": date}), ok(), slept=slept)
    assert slept.seconds[0] == seconds


def test_nobody_waits_for_an_attempt_that_would_come_too_late() -> None:
    slept = Slept()
    with pytest.raises(Unreachable) as caught:
        got(*[bad(503, **{"retry-after": "50"})] * ATTEMPTS, slept=slept)
    assert slept.seconds == [50.0, 50.0]
    assert caught.value.message.endswith(
        "status 503. A next attempt would come after the 120 seconds that a call may take."
    )
    assert "deadlines.call" in caught.value.remedy


def test_what_cannot_be_sent_in_time_is_not_sent() -> None:
    async def read() -> None:
        transport = httpx2.MockTransport(lambda _: bad(429, **{"retry-after": "60"}))
        async with ReadClient(
            URL, Token(TOKEN), transport=transport, call_deadline=30, sleep=Slept(), clock=lambda: 0.0
        ) as client:
            with pytest.raises(Unreachable, match="A next attempt would come after the 30 seconds"):
                await client.get("/api/auth/user")
            with pytest.raises(Unreachable, match="could not be sent within the 30 seconds") as caught:
                await client.get("/api/auth/user")
            assert "limiting how often it is asked" in caught.value.message
            assert client.requests.total() == 1

    run(read())


def test_the_time_that_a_call_waits_for_its_turn_is_not_its_own() -> None:
    async def answer(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(100)
        return ok()

    async def read() -> None:
        transport = httpx2.MockTransport(answer)
        async with ReadClient(URL, Token(TOKEN), transport=transport, parallelism=2, clock=clock) as client:
            await asyncio.gather(*(client.get("/api/auth/user") for _ in range(20)))

    assert leaping(read())[1] == pytest.approx(1_000)


def test_what_is_sent_again_does_not_queue_behind_everything_else() -> None:
    order: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        order.append(request.url.path[-1])
        return bad(503) if len(order) == 1 else ok()

    async def read() -> None:
        transport = httpx2.MockTransport(answer)
        async with ReadClient(URL, Token(TOKEN), transport=transport, parallelism=1, sleep=Slept()) as client:
            await asyncio.gather(*(client.get(f"/{name}") for name in "abc"))

    run(read())
    assert order == ["a", "b", "a", "c"]


def test_a_call_that_is_cancelled_is_cancelled_and_not_late() -> None:
    async def answer(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(1e9)
        raise AssertionError

    async def read() -> None:
        transport = httpx2.MockTransport(answer)
        async with ReadClient(URL, Token(TOKEN), transport=transport, clock=clock) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    await client.get("/api/auth/user")

    assert leaping(read())[1] == pytest.approx(5)


def test_after_all_attempts_the_marketplace_is_unreachable() -> None:
    error = failure(*[httpx2.ConnectError("refused")] * ATTEMPTS)
    assert isinstance(error, Unreachable)
    assert error.status == 0
    assert "ConnectError: refused" in error.message
    limited = failure(*[bad(429)] * ATTEMPTS)
    assert (type(limited), limited.status) == (Unreachable, 429)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, NotAuthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (422, Refused),
        (500, BadAnswer),
        (302, BadAnswer),
        (304, BadAnswer),
    ],
)
def test_each_status_is_its_error_and_is_not_tried_again(status: int, kind: type[MarketplaceError]) -> None:
    error = failure(bad(status, {"message": "No.", "statusCode": status}))
    assert type(error) is kind
    assert (error.method, error.path, error.status) == ("GET", "/api/metadata/domain", status)


def test_a_redirect_is_not_followed() -> None:
    error = failure(httpx2.Response(302, headers={"location": "https://evil.example/"}))
    assert "redirect (302), which is not followed" in error.message


def test_a_refused_token_says_that_the_segment_may_be_wrong() -> None:
    error = failure(bad(401, {"message": "Not authenticated.", "error": "Unauthorized", "statusCode": 401}))
    assert "Not authenticated." in error.message
    assert "segment" in error.remedy


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"message": "Name in use."}, "Name in use."),
        ({"message": ["a is wrong", "b is missing"]}, "a is wrong; b is missing"),
        ({"errors": [{"path": ["body", "name"], "message": "too long"}]}, "body.name: too long"),
        ({"message": "", "error": "Bad Request"}, "Bad Request"),
        ({"message": "\x1b[31mred\n\u202e"}, "\\x1b[31mred\\n\\u202e"),
        ({"message": f"the token {TOKEN} is wrong"}, "the token (the token) is wrong"),
    ],
)
def test_the_servers_words_are_shown_and_made_harmless(body: Any, text: str) -> None:
    message = failure(bad(400, body)).message
    assert message.endswith(text)
    assert TOKEN not in message


def echoes(text: str = TOKEN) -> list[httpx2.Response]:
    """Every answer that is an error, with the token wherever a server could put it."""
    bodies: list[Any] = [
        {"message": text},
        {"message": [text, {"path": [text], "message": text}], "error": text, text: text},
        {"errors": [{"property": text, "constraints": {"a": text}}]},
        {"error": f"Bearer {text}, Bearer {text}"},
        {"message": "x" * 290 + text},
        [text],
        text,
    ]
    headers = {"x-echo": text, "www-authenticate": f"Bearer {text}", "location": f"https://x.example/{text}"}
    statuses = (302, 400, 401, 403, 404, 409, 418, 422, 429, 500, 502, 503, 599)
    return [httpx2.Response(code, json=body, headers=headers) for code in statuses for body in bodies]


def test_a_token_that_is_sent_back_is_in_no_error() -> None:
    for answer in [*echoes(), httpx2.Response(302, headers={"location": f"https://[{TOKEN}"})]:
        error = failure(*[answer] * ATTEMPTS)
        assert TOKEN not in f"{error.message} {error.remedy} {error!r} {vars(error)}", answer
        assert error.__cause__ is None


@pytest.mark.parametrize(
    "problem", [httpx2.ConnectError, httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.LocalProtocolError]
)
def test_a_token_is_in_no_error_of_a_connection(problem: type[httpx2.TransportError]) -> None:
    error = failure(*[problem(f"Illegal header b'Bearer {TOKEN}'")] * ATTEMPTS)
    assert TOKEN not in error.message
    assert "(the token)" in error.message


def test_a_token_that_is_sent_back_in_a_good_answer_comes_no_further() -> None:
    assert got(ok({"id": TOKEN, "name": f"for {TOKEN}"}))[0] == {
        "id": "(the token)",
        "name": "for (the token)",
    }
    assert sent(PUT, ok({"id": TOKEN}))[0] == {"id": "(the token)"}
    with pytest.raises(BadAnswer) as caught:
        listed("token", token_page("t", TOKEN), token_page("u", TOKEN))
    assert TOKEN not in caught.value.message


def test_the_servers_words_are_cut() -> None:
    assert len(failure(bad(400, {"message": "x" * 10_000})).message) < 400


def test_an_error_without_words_is_told_without() -> None:
    assert failure(httpx2.Response(403, text="<html>")).message.endswith("was refused (403)")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "nothing"),
        (b"<!doctype html><title>Sign in</title>", "a web page"),
        (b'{"domains": [', "a text that is not complete"),
        (b"hello", "something else"),
        (b"[" * 100_000, "a text that is not complete"),
    ],
)
def test_an_answer_that_is_not_json_is_no_answer(content: bytes, told: str) -> None:
    error = failure(httpx2.Response(200, content=content))
    assert isinstance(error, BadAnswer)
    assert told in error.message


# -- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_2xx_is_a_confirmation_with_or_without_a_body(status: int) -> None:
    assert sent(DELETE, httpx2.Response(status)) == (None, 1)
    assert sent(PUT, ok({"id": "x"}, status)) == ({"id": "x"}, 1)


def test_a_web_page_is_no_confirmation() -> None:
    with pytest.raises(BadAnswer):
        sent(PUT, httpx2.Response(200, text="<html>"))


@pytest.mark.parametrize("call", [PUT, DELETE])
def test_a_put_or_delete_whose_answer_was_lost_is_sent_again(call: Call) -> None:
    assert sent(call, httpx2.ReadError("lost"), bad(503), ok({"id": "x"}))[1] == 3


@pytest.mark.parametrize("answer", [httpx2.ReadError("lost"), bad(502), bad(500)])
def test_a_post_whose_answer_was_lost_is_not_sent_again_blindly(answer: httpx2.Response | Exception) -> None:
    with pytest.raises((Unreachable, BadAnswer)):
        sent(POST, answer)


@pytest.mark.parametrize("answer", [httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow"), bad(429)])
def test_a_post_that_was_not_carried_out_is_sent_again(answer: httpx2.Response | Exception) -> None:
    assert sent(POST, answer, ok({"id": "x"}, 201)) == ({"id": "x"}, 2)


def test_a_lost_post_is_done_if_it_took_effect_and_sent_again_if_not() -> None:
    async def there() -> bool:
        return True

    async def absent() -> bool:
        return False

    assert sent(POST, httpx2.ReadError("lost"), settled=there) == (None, 1)
    for lost in (httpx2.ReadError("lost"), bad(503), bad(500)):
        assert sent(POST, lost, ok({"id": "x"}), settled=absent) == ({"id": "x"}, 2)
    with pytest.raises(Unreachable):
        sent(POST, *[httpx2.ReadError("lost")] * ATTEMPTS, settled=absent)


# -- paging ----------------------------------------------------------------------------------------------------------


def token_page(token: Any, *ids: str) -> httpx2.Response:
    return ok({"data": [{"id": each} for each in ids], "meta": {"nextToken": token, "limit": 100}})


def offset_page(total: Any, *ids: int) -> httpx2.Response:
    return ok({"data": [{"id": each} for each in ids], "meta": {"totalCount": total}})


def listed(style: str, *answers: httpx2.Response) -> tuple[list[Any], list[httpx2.Request]]:
    transport, requests = answering(*answers)

    async def read() -> list[Any]:
        async with made(ReadClient, transport) as client:
            pages = {"token": client.pages_by_token, "offset": client.pages_by_offset}[style]
            return [entry["id"] async for page in pages("/api/data-product") for entry in page]

    return run(read()), requests


def test_a_list_with_tokens_is_followed_to_its_end() -> None:
    ids, requests = listed("token", token_page("t1", "a", "b"), token_page("t2", "c"), token_page(None, "d"))
    assert ids == ["a", "b", "c", "d"]
    assert [each.url.params.get("nextToken") for each in requests] == [None, "t1", "t2"]
    assert {each.url.params["limit"] for each in requests} == {"100"}


def test_a_list_with_a_total_is_followed_to_its_end() -> None:
    ids, requests = listed("offset", offset_page(6, 1, 2, 3), offset_page(6, 3, 4, 5), offset_page(6, 5, 6))
    assert ids == [1, 2, 3, 4, 5, 6]
    assert [each.url.params["offset"] for each in requests] == ["0", "2", "4"]
    assert listed("offset", offset_page(0))[0] == []
    assert listed("offset", offset_page(2, 1), offset_page(2, 2))[0] == [1, 2]


def test_a_list_that_moves_between_two_pages_is_an_error_also_if_its_total_stays() -> None:
    """Entry 1 goes and entry 7 comes: 4 is now where 3 was, and would be on neither page."""
    with pytest.raises(BadAnswer, match="another entry than before came at 2 of 6"):
        listed("offset", offset_page(6, 1, 2, 3), offset_page(6, 4, 5, 6), offset_page(6, 6, 7))
    with pytest.raises(BadAnswer, match="another entry than before came at 4 of 6"):
        listed("offset", offset_page(6, 1, 2, 3), offset_page(6, 3, 4, 5), offset_page(6, 6, 7))


@pytest.mark.parametrize(
    "answers",
    [
        (token_page("t", "a"), token_page("t", "b"), token_page(None, "c")),
        (token_page("t", "a"), token_page("u", "a")),
        (token_page("t"),),
        (token_page("", "a"),),
        (token_page(7, "a"),),
        (ok({"data": [], "meta": {}}),),
        (ok({"data": [{"name": "no id"}], "meta": {"nextToken": None}}),),
        (ok({"data": [None], "meta": {"nextToken": None}}),),
        (ok({"data": {}, "meta": {"nextToken": None}}),),
        (ok([]),),
    ],
)
def test_a_list_with_tokens_that_does_not_come_to_its_end_is_an_error(
    answers: tuple[httpx2.Response, ...],
) -> None:
    with pytest.raises(BadAnswer, match="could not be read to its end"):
        listed("token", *answers)


@pytest.mark.parametrize(
    "answers",
    [
        (offset_page(3, 1, 2), offset_page(4, 3)),
        (offset_page(3, 1, 2), offset_page(3)),
        (offset_page(3, 1, 2), offset_page(3, 2)),
        (offset_page(3, 1, 2), offset_page(3, 2, 3, 4)),
        (offset_page(3, 1, 2), offset_page(3, 3, 4)),
        (offset_page(3, 1, 2), offset_page(3, 2, 1)),
        (offset_page(3, 1, 2), ok({"data": [None, None], "meta": {"totalCount": 3}})),
        (offset_page(3),),
        (offset_page(1, 1, 2),),
        (offset_page(None, 1),),
        (offset_page(-1),),
        (offset_page(True, 1),),
        (offset_page(1.5, 1),),
        (offset_page(10**12, 1),),
        (httpx2.Response(200, content=b'{"data": [{"id": 1}], "meta": {"totalCount": 1e999}}'),),
        (httpx2.Response(200, content=b'{"data": [{"id": 1}], "meta": {"totalCount": NaN}}'),),
    ],
)
def test_a_list_whose_total_disagrees_is_an_error(answers: tuple[httpx2.Response, ...]) -> None:
    with pytest.raises(BadAnswer, match="could not be read to its end"):
        listed("offset", *answers)


def test_a_list_with_tokens_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpsync.marketplace.client._MOST_PAGES", 20)
    with pytest.raises(BadAnswer, match="after 20 pages there are still more"):
        listed("token", *(token_page(f"t{number}", f"id{number}") for number in range(30)))


# -- bounds and counts -----------------------------------------------------------------------------------------------


def test_no_more_requests_are_under_way_than_allowed() -> None:
    most = under_way = 0

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal most, under_way
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return ok()

    async def read() -> None:
        transport = httpx2.MockTransport(answer)
        async with ReadClient(URL, Token(TOKEN), transport=transport, parallelism=3) as client:
            await asyncio.gather(*(client.get("/api/auth/user") for _ in range(20)))

    run(read())
    assert most == 3
    for parallelism in (0, 33):
        with pytest.raises(UsageError):
            ReadClient(URL, Token(TOKEN), parallelism=parallelism)


def test_who_is_first_does_not_wait_for_the_others() -> None:
    order: list[str] = []

    async def take(slots: Slots, name: str, *, first: bool) -> None:
        async with slots.taken(first=first):
            order.append(name)
            await asyncio.sleep(0)

    async def several() -> None:
        slots = Slots(1)
        names = ("a", "b", "page")
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(take(slots, name, first=name == "page"))

    run(several())
    assert order == ["a", "page", "b"]


def test_a_slot_is_not_lost_when_its_holder_or_a_waiter_is_cancelled() -> None:
    async def several() -> None:
        slots = Slots(1)
        blocked = asyncio.Event()

        async def hold() -> None:
            async with slots.taken():
                await blocked.wait()

        holder, waiter, last = (asyncio.create_task(hold()) for _ in range(3))
        await asyncio.sleep(0)
        holder.cancel()
        waiter.cancel()
        blocked.set()
        await asyncio.wait_for(last, 5)
        async with slots.taken():
            pass

    run(several())


def test_requests_are_counted_by_operation() -> None:
    assert (
        operation("GET", "/api/data-product/c1/datasources/all")
        == "GET /api/data-product/{id}/datasources/all"
    )
    assert operation("PUT", "/api/request-form/7") == "PUT /api/request-form/{id}"
    assert operation("GET", "/api/auth/user") == "GET /api/auth/user"


def test_an_id_reaches_only_the_object_it_names() -> None:
    assert below("/api/data-product", "a/../b?c#d", "datasources") == (
        "/api/data-product/a%2F..%2Fb%3Fc%23d/datasources"
    )
    for segment in ("", ".", ".."):
        with pytest.raises(UsageError):
            below("/api/data-product", segment)


def test_an_encoded_path_arrives_as_it_was_written() -> None:
    transport, requests = answering(ok())

    async def read() -> None:
        async with made(ReadClient, transport) as client:
            await client.get(below("/api/data-product", "a/b c"))

    run(read())
    assert requests[0].url.raw_path == b"/marketplace/api/data-product/a%2Fb%20c"
