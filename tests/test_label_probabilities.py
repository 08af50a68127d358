"""How probable a model found each answer: tokens, the fake model, endpoints, tables and the log."""

import asyncio
import json
from math import log

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stub_endpoint import StubEndpoint, reply

from simnet import FakeModel
from simnet.annotation import Annotation, Item, annotate
from simnet.annotation.annotation_rows import read_annotations
from simnet.annotation.items import Said
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.endpoints.openai import OpenAIModel
from simnet.inference.model import Completion, Prompt
from simnet.inference.replies.label_probabilities import TokenChoice, label_probabilities
from simnet.questions import Choice, FreeText, Likert, YesNo
from simnet.synthesis.asking.reply_log import _SCHEMAS, Facts, ReplyLog, key_of

ITEMS = [Item("0", (Said("ann", "Nice!"),)), Item("1", (Said("ben", "Awful!"),))]


def token(text, **shares):
    return TokenChoice(text, {name.replace("_", " "): log(share) for name, share in shares.items()})


@pytest.mark.parametrize(
    ("labels", "tokens", "expected"),
    [
        (("yes", "no"), [token("yes", yes=0.6, no=0.2)], (0.75, 0.25)),
        # Case, quotes, marks of word beginnings and several spellings count for one label.
        (("yes", "no"), [token("Yes", Yes=0.3, _yes=0.3, NO=0.2, Maybe=0.2)], (0.75, 0.25)),
        # What two labels have in common is followed to where they part.
        (
            ("agree", "agree fully", "no"),
            [token("agree", agree=0.8, no=0.2), token("<end>", **{"<end>": 0.25, "_ful": 0.75})],
            (0.2, 0.6, 0.2),
        ),
        (("1", "10", "2"), [token("1", **{"1": 0.5, "2": 0.5}), token("0", **{"0": 1.0})],
         (0.0, 0.5, 0.5)),
        (("1", "10"), [token("1", **{"1": 1.0})], (1.0, 0.0)),
        # Labels that part in a token that was not chosen are not told apart.
        (("ab", "ac", "d"), [token("d", d=0.6, a=0.4)], None),
        (("yes", "no"), [token("Well", Well=1.0)], None),
        (("yes", "no"), [], None),
    ],
)  # fmt: skip
def test_tokens_add_up_to_labels(labels, tokens, expected):
    found = label_probabilities(labels, tokens)
    assert found == (None if expected is None else pytest.approx(expected))


def task(*questions):
    return Annotation("judged", list(questions))


QUESTIONS = (
    YesNo("kind", "Is it kind?"),
    Choice("tone", "What is its tone?", ["friendly", "hostile"]),
    Likert("civil", "It is civil."),
    FreeText("why", "Why?"),
)


def test_the_fake_model_tells_the_same_each_time_and_its_answer_is_the_most_probable(tmp_path):
    first = annotate(ITEMS, task(*QUESTIONS), model=FakeModel(), out=tmp_path / "a")
    second = annotate(ITEMS, task(*QUESTIONS), model=FakeModel(), out=tmp_path / "b")
    assert first.rows == second.rows
    # A job that goes on takes them from its log.
    kept = annotate(ITEMS, task(*QUESTIONS), model=FakeModel(), out=tmp_path / "a")
    assert kept.counts["default"].asked == 0
    assert kept.rows == first.rows
    for row in first.rows:
        if row.question == "why":
            assert row.probabilities is None
            continue
        found = json.loads(row.probabilities)
        assert sum(found.values()) == pytest.approx(1.0)
        said = {True: "yes", False: "no"}.get(row.value) if row.kind == "yes or no" else row.value
        assert max(found, key=found.get) == str(said)


def told(text, **shares):
    top = [{"token": name, "logprob": log(share), "bytes": None} for name, share in shares.items()]
    first = next(one for one in top if one["token"] == text)
    return {"logprobs": {"content": [{**first, "top_logprobs": top}], "refusal": None}}


def annotated(script, folder, *questions):
    async def whole():
        async with StubEndpoint(script) as stub:
            from simnet.annotation import aannotate

            endpoint = Endpoint(base_url=stub.url, constrains=False)
            model = OpenAIModel("tiny", endpoint)
            result = await aannotate(ITEMS[:1], task(*questions), model=model, out=folder)
            left_out = model.statistics().left_out
            await model.close()
            return result, stub.asked, left_out

    return asyncio.run(whole())


def test_an_endpoint_that_tells_log_probabilities_is_asked_for_those_of_choices(tmp_path):
    def script(_, body):
        if "logprobs" not in body:
            return 200, {}, reply("Because.")
        return 200, {}, reply("yes", **told("yes", yes=0.6, no=0.2, well=0.2))

    result, asked, _ = annotated(script, tmp_path, QUESTIONS[0], QUESTIONS[3])
    kind, why = result.rows
    assert json.loads(kind.probabilities) == pytest.approx({"yes": 0.75, "no": 0.25})
    assert why.probabilities is None
    assert sorted("logprobs" in body for body in asked) == [False, True]
    assert {body["top_logprobs"] for body in asked if "logprobs" in body} == {20}


def test_an_endpoint_that_refuses_or_ignores_log_probabilities_leaves_them_null(tmp_path):
    def refusing(_, body):
        for name in ("logprobs", "top_logprobs"):
            if name in body:
                return 400, {}, json.dumps({"error": {"message": f"{name} is not supported"}})
        return 200, {}, reply("yes")

    result, asked, left_out = annotated(refusing, tmp_path / "a", QUESTIONS[0])
    assert (result.rows[0].value, result.rows[0].probabilities) == (True, None)
    assert set(left_out) <= {"logprobs", "top_logprobs"}
    assert 2 <= len(asked) <= 3
    for logprobs in (None, {"content": None}, {"content": [{"token": "yes"}]}, "none"):
        script = lambda *_, told=logprobs: (200, {}, reply("yes", logprobs=told))  # noqa: E731
        folder = tmp_path / repr(logprobs).encode().hex()
        result, _, _ = annotated(script, folder, QUESTIONS[0])
        assert (result.rows[0].value, result.rows[0].probabilities) == (True, None)


def test_replies_that_an_earlier_version_kept_are_read_without_probabilities(tmp_path):
    prompt = Prompt(system="", user="Is it?", labels=("yes", "no"))

    async def keep():
        with ReplyLog(tmp_path) as log_:
            await log_.keep(key_of("m", prompt), Facts("t", "s"), "m", prompt, Completion("yes"))

    asyncio.run(keep())
    (path,) = tmp_path.glob("*.arrows")
    with pa.OSFile(str(path)) as file:
        schema = pa.ipc.read_schema(file)
        rows = pa.ipc.read_record_batch(pa.ipc.read_message(file), schema).to_pylist()
    row = {name: value for name, value in rows[0].items() if name in _SCHEMAS[1].names}
    row["checksum"] = _checksum_of(row)
    old = pa.RecordBatch.from_pylist([row], _SCHEMAS[1])
    path.write_bytes(_SCHEMAS[1].serialize().to_pybytes() + old.serialize().to_pybytes())
    with ReplyLog(tmp_path) as log_:
        assert log_.get(key_of("m", prompt)) == Completion("yes")


def _checksum_of(row):
    from simnet.synthesis.asking.reply_log import _checksum

    return _checksum([value for name, value in row.items() if name != "checksum"])


def test_a_table_of_an_earlier_version_is_read_and_added_to(tmp_path):
    first = annotate(ITEMS[:1], task(QUESTIONS[0]), model=FakeModel(), out=tmp_path)
    table = pq.read_table(first.path).drop_columns(["probabilities"])
    pq.write_table(table, first.path)
    (row,) = read_annotations(tmp_path)
    assert row.probabilities is None
    annotate(ITEMS[1:], task(QUESTIONS[0]), model=FakeModel(), out=tmp_path)
    assert [one.probabilities is None for one in read_annotations(tmp_path)] == [True, False]
