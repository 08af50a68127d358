"""What endpoints refuse, redirect and demand: refused parameters, used-up quotas, secrets."""

import asyncio
import base64
import json
from types import SimpleNamespace

import pytest
from stub_endpoint import StubEndpoint, reply
from test_openai import ask, prompts

from simnet.errors import ModelNotFoundError, RunError
from simnet.inference.backends.choice import choose
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.endpoints.retry_after import pause
from simnet.inference.model import Prompt

pytest.importorskip("openai")


def error(message, **fields):
    return json.dumps({"error": {"message": message, **fields}})


def detail(field, message):
    return json.dumps({"detail": [{"type": "x", "loc": ["body", field], "msg": message}]})


def refusing(status, body, *names):
    """An endpoint that gives this answer to requests with any of these fields."""
    return StubEndpoint(
        lambda number, asked: (status, {}, body) if set(names) & set(asked) else None
    )


CONSTRAINED = [Prompt(system="s", user="u0", pattern="a|b", seed=3)]


@pytest.mark.parametrize(
    ("status", "body", "name"),
    [
        (400, error("Unsupported value: 'temperature' does not support 0.8."), "temperature"),
        (400, error("Unrecognized request argument supplied: seed"), "seed"),
        (400, error("Not accepted here", param="seed"), "seed"),
        (422, detail("structured_outputs", "Extra inputs are not permitted"), "structured_outputs"),
        (422, json.dumps({"detail": "unexpected field temperature"}), "temperature"),
        (400, json.dumps({"error": "unknown parameter: seed"}), "seed"),
        (501, error("structured outputs are not implemented"), "structured_outputs"),
        (400, error("temperature must be between 0 and 1"), "temperature"),
        (400, error("`temperature` and `top_p` cannot both be specified."), "temperature"),
        (400, error("`temperature` may only be set to 1 when thinking is on."), "temperature"),
        (400, error("seed must be less than 2147483647"), "seed"),
        (400, error("json: cannot unmarshal number 9e18 into Request.seed of type int32"), "seed"),
        (400, json.dumps([{"error": {"message": 'Unknown name "seed"'}}]), "seed"),
        (200, error("seed: Extra inputs are not permitted", code=400), "seed"),
    ],
)
def test_a_parameter_that_an_endpoint_refuses_is_left_out(status, body, name):
    stub = refusing(status, body, name)
    done, figures = ask(stub, CONSTRAINED * 3, constrains=True)
    assert [completion.text for completion in done] == ["u0"] * 3
    assert figures.left_out == (name,)
    assert name not in stub.asked[-1]
    assert {"temperature", "seed", "structured_outputs"} - {name} <= set(stub.asked[-1])


def test_parameters_are_left_out_one_by_one_until_the_endpoint_is_content():
    stub = StubEndpoint(
        lambda number, asked: next(
            (
                (400, {}, error(f"{name} is not supported; supported: model, temperature, seed"))
                for name in ("structured_outputs", "seed", "temperature")
                if name in asked
            ),
            None,
        )
    )
    [done], figures = ask(stub, CONSTRAINED, constrains=True)
    assert done.usable
    assert figures.left_out == ("structured_outputs", "seed", "temperature")


def test_the_limit_of_a_reply_is_sent_by_its_other_name():
    stub = refusing(
        400, error("'max_tokens' is not supported. Use 'max_completion_tokens'."), "max_tokens"
    )
    [done], figures = ask(stub, prompts(1, max_tokens=9))
    assert done.usable
    assert stub.asked[-1]["max_completion_tokens"] == 9
    assert figures.left_out == ("max_tokens",)


def test_a_prompt_that_is_too_long_refuses_no_parameter():
    message = "max_tokens is too large: 128. The maximum context length is 96 tokens: not allowed"
    stub = StubEndpoint(lambda number, asked: (400, {}, error(message)))
    [done], figures = ask(stub, prompts(1))
    assert (done.finish, len(stub.asked), figures.left_out) == ("error", 1, ())


def test_words_of_a_prompt_in_an_answer_refuse_no_parameter():
    stub = StubEndpoint(lambda number, asked: (400, {}, error("flagged: 'what a temperature'")))
    [done], figures = ask(stub, prompts(1))
    assert (done.finish, figures.left_out) == ("error", ())


@pytest.mark.parametrize(
    "message",
    [
        "System role not supported",
        "Developer instruction is not enabled for models/gemma-3",
        'messages: Unexpected role "system".',
        "Only user and assistant roles are supported!",
        "messages[0].role must be one of user, assistant",
    ],
)
def test_a_model_without_system_messages_gets_one_message(message):
    def script(number, asked):
        if asked["messages"][0]["role"] == "system":
            return 400, {}, error(message)
        return None

    [done], figures = ask(StubEndpoint(script), [Prompt(system="be Ann", user="hi")])
    assert (done.text, figures.left_out) == ("be Ann\n\nhi", ("system message",))


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (429, {}, error("You exceeded your current quota.", code="insufficient_quota")),
        (429, {}, error("Check your plan and billing details.", type="insufficient_quota")),
        (402, {}, error("Insufficient Balance")),
        (403, {}, error("Your credit balance is too low to access the API.")),
        (400, {}, error("Billing hard limit has been reached")),
        (403, {}, error("Your account balance is too low to run this request")),
        (429, {}, error("\u4f59\u989d\u4e0d\u8db3, \u8bf7\u5145\u503c")),
        (429, {}, error("You have exceeded your monthly spending limit", code="1113")),
        (200, {}, error("Insufficient credits", code=402)),
    ],
)
def test_a_used_up_quota_ends_the_run_at_once_in_the_words_of_the_endpoint(status, headers, body):
    stub = StubEndpoint(lambda number, asked: (status, headers, body))
    with pytest.raises(RunError, match=r"takes no more requests: Error code: \d+ - ") as end:
        ask(stub, prompts(1))
    assert json.loads(body)["error"]["message"] in str(end.value)
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "You exceeded your current quota, 15 requests per minute; retry in 0 s"),
        ({"retry-after": "0"}, "quota exhausted, see billing"),
        ({}, "Rate limit reached"),
    ],
)
def test_a_quota_by_the_minute_is_waited_for(headers, message):
    stub = StubEndpoint(
        lambda number, asked: (429, headers, error(message)) if number == 1 else None
    )
    [done], _ = ask(stub, prompts(1))
    assert done.usable


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after-ms": "300"}, "slow down", 0.3),
        ({"retry-after": "7"}, "try again in 20s", 7),
        ({}, "Rate limit reached. Please try again in 1.2s.", 1.2),
        ({}, "Please try again in 6m0.5s", 360.5),
        ({}, "Please try again in 1h2m3.5s.", 3723.5),
        ({}, "please retry after 3 hours", 10800),
        ({"retry-after": "3600"}, "slow down", 3600),
        ({"retry-after": "inf"}, "slow down", None),
        ({"retry-after": "-5"}, "slow down", 0),
        (
            {
                "retry-after": "Thu, 01 Jan 1970 10:20:00 GMT",
                "date": "Thu, 01 Jan 1970 10:00:00 GMT",
            },
            "by the clock of the endpoint, whatever the own one says",
            1200,
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"}, "slow down", 90),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "90"}, "slow down", None),
        (
            {
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "1700000600000",
                "date": "Tue, 14 Nov 2023 22:13:20 GMT",
            },
            "Rate limit exceeded: free-models-per-day",
            600,
        ),
        ({}, "Rate limit exceeded: free-models-per-day", 900),
        ({}, "please retry after 12 seconds", 12),
        ({}, "try again in 120ms", 0.12),
        ({"retry-after": "soon"}, "try again later", None),
    ],
)
def test_the_wait_that_an_answer_demands_is_kept(headers, message, seconds):
    httpx = pytest.importorskip("httpx")
    body = json.loads(error(message))
    answer = httpx.Response(429, headers=headers, json=body, request=httpx.Request("POST", "x:"))
    fault = SimpleNamespace(status_code=429, body=body, response=answer)
    backed_off = pause(None, 1, seed=3)
    expected = backed_off if seconds is None else seconds + backed_off / 4
    assert pause(fault, 1, seed=3) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"choices": []}', "the endpoint sent no choices"),
        ('{"detail": "the worker is gone"}', "no choices: the worker is gone"),
        ('{"error": {"message": "upstream is overloaded"}}', "upstream is overloaded"),
        ('{"choices": null, "error": "upstream is overloaded"}', "upstream is overloaded"),
        ("[]", "answered with a list"),
        ("<!doctype html><title>Sign in</title>", "the endpoint's answer is no JSON"),
        ('{"choices": [{"index": 0}]}', "a choice without a message"),
        (
            json.dumps(
                {
                    "choices": [
                        {
                            "message": {"role": "assistant", "content": ""},
                            "finish_reason": "error",
                            "error": {"message": "the provider broke off"},
                        }
                    ]
                }
            ),
            "the provider broke off",
        ),
    ],
)
def test_an_answer_that_is_no_reply_is_told_in_its_own_words(body, words):
    [done], _ = ask(StubEndpoint(lambda number, asked: (200, {}, body)), prompts(1))
    assert done.finish == "error"
    assert words in done.text
    assert "Error:" not in done.text  # no name of an exception


def test_an_error_with_the_status_200_that_may_pass_is_waited_for():
    busy = (200, {}, error("slow down, try again in 0 s", code=429))
    stub = StubEndpoint(lambda number, asked: busy if number == 1 else None)
    [done], figures = ask(stub, prompts(1))
    assert (done.usable, len(stub.asked), figures.throttled) == (True, 2, 1)


def test_scripts_of_a_web_page_are_no_words_of_the_endpoint():
    page = "<html><head><script>var a = 1;</script></head><body><p>Bad\n gateway</body></html>"
    stub = StubEndpoint(lambda number, asked: (400, {"content-type": "text/html"}, page))
    [done], _ = ask(stub, prompts(1))
    assert done.text == "Error code: 400 - Bad gateway"


@pytest.mark.parametrize("form", ["tool_calls", "function_call"])
def test_a_call_of_a_function_in_place_of_a_text_is_the_reply(form):
    call = {"name": "write", "arguments": '{"text": "Hello!"}'}
    calls = [{"id": "1", "type": "function", "function": call}] if form == "tool_calls" else call
    message = {"role": "assistant", "content": None, form: calls}
    stub = StubEndpoint(lambda number, asked: (200, {}, reply("", form, message=message)))
    [done], _ = ask(stub, prompts(1))
    assert (done.finish, json.loads(done.text)) == (
        "stop",
        {"name": "write", "arguments": {"text": "Hello!"}},
    )


def test_a_completion_of_text_is_read_as_a_reply():
    body = json.dumps({"choices": [{"text": "a line", "index": 0, "finish_reason": "stop"}]})
    [done], _ = ask(StubEndpoint(lambda number, asked: (200, {}, body)), prompts(1))
    assert (done.text, done.finish) == ("a line", "stop")


def test_a_text_with_an_unknown_finish_reason_is_used():
    names = ("eos_token", "EOS", "end_turn", "MAX_TOKENS")
    stub = StubEndpoint(lambda number, asked: (200, {}, reply("a line", names[number - 1])))
    done = [ask(stub, prompts(1))[0][0] for _ in names]
    assert {completion.text for completion in done} == {"a line"}
    assert [completion.finish for completion in done] == ["stop", "stop", "stop", "length"]
    empty = StubEndpoint(lambda number, asked: (200, {}, reply("", "eos_token")))
    assert ask(empty, prompts(1))[0][0].finish == "error"


@pytest.mark.parametrize("count", [10**30, -1, 1e300, "many", None, True])
def test_counts_of_tokens_that_cannot_be_are_not_believed(count):
    body = json.loads(reply("a line"))
    body["usage"] |= {"completion_tokens": count, "prompt_tokens": count}
    stub = StubEndpoint(lambda number, asked: (200, {}, json.dumps(body)))
    [done], _ = ask(stub, prompts(1))
    assert (done.text, done.usable) == ("a line", True)
    assert done.output_tokens in {None, 0, 1}
    assert done.prompt_tokens in {None, 0, 1}


def test_prompts_are_not_sent_where_an_endpoint_redirects_them():
    async def run():
        async with StubEndpoint() as other:
            to = {"location": other.url + "/chat/completions"}
            stub = StubEndpoint(lambda number, asked: (307, to, ""))
            with pytest.raises(RunError, match=r"redirects to 127\.0\.0\.1:.*not followed"):
                await asyncio.to_thread(ask, stub, prompts(1))
            return other.asked

    assert asyncio.run(run()) == []


def test_a_password_in_the_address_is_used_and_masked(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    endpoint = Endpoint(base_url="http://ann:s3cr%21t@127.0.0.1:9/v1?key=hush&v=")
    backend = choose("openai", "tiny", endpoint=endpoint)
    steps = []
    with pytest.raises(ModelNotFoundError) as end:
        backend.ready(steps.append)
    said = [*steps, str(end.value), backend.why, repr(backend), repr(endpoint)]
    said.append(endpoint.masked(f"{endpoint.base_url} s3cr!t s3cr%21t hush"))
    assert "http://ann:***@127.0.0.1:9/v1?key=***" in steps[0]
    for text in said:
        assert not [word for word in ("s3cr", "hush") if word in text], text


def test_a_password_in_the_address_is_sent_to_the_endpoint(monkeypatch):
    seen = []

    class Noting(StubEndpoint):
        async def _exchange(self, reader, writer):
            head = await reader.readuntil(b"\r\n\r\n")
            seen.append(head.decode())
            again = asyncio.StreamReader()
            again.feed_data(head)
            length = head.decode().lower().partition("content-length: ")[2].partition("\r\n")[0]
            again.feed_data(await reader.readexactly(int(length or 0)))
            return await super()._exchange(again, writer)

        async def __aenter__(self):
            await super().__aenter__()
            self.url = self.url.replace("://", "://ann:s3cret@")
            return self

    [done], _ = ask(Noting(), prompts(1))
    assert done.usable
    assert base64.b64encode(b"ann:s3cret").decode() in seen[0]


def test_names_that_an_endpoint_lists_stay_on_one_line():
    async def run():
        async with StubEndpoint(models=("a\n\x1b[2Jerror: b",)) as stub:
            await asyncio.to_thread(Endpoint(base_url=stub.url).ready, "huge")

    with pytest.raises(ModelNotFoundError) as end:
        asyncio.run(run())
    assert "\n" not in str(end.value)
    assert "\x1b" not in str(end.value)


def test_cached_tokens_that_an_endpoint_does_not_tell_are_unknown_and_not_none():
    body = json.loads(reply("a line"))
    del body["usage"]["prompt_tokens_details"]
    silent = json.dumps(body)
    [done], figures = ask(StubEndpoint(lambda number, asked: (200, {}, silent)), prompts(1))
    assert (done.cached_tokens, figures.hit_rate) == (None, None)
    assert "prefix_cache_hit_rate" not in {name for name, _, _ in figures.figures()}
    mixed = StubEndpoint(lambda number, asked: (200, {}, silent) if number == 1 else None)
    _, figures = ask(mixed, prompts(2))
    assert figures.hit_rate == 0.8


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": "3"}])
def test_tokens_that_an_endpoint_does_not_tell_are_unknown(usage):
    body = json.loads(reply("a line"))
    body["usage"] = usage
    silent = json.dumps(body)
    [done], figures = ask(StubEndpoint(lambda number, asked: (200, {}, silent)), prompts(1))
    assert (done.prompt_tokens, done.cached_tokens, done.output_tokens) == (None, None, None)
    assert (figures.replies, figures.unknown_in, figures.unknown_out) == (1, 1, 1)
    assert figures.hit_rate is None
