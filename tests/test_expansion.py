"""Personas made of texts and personas over several steps, completed and checked."""

import asyncio
import json

import pytest

from simnet import FakeModel
from simnet.errors import InputError, UsageError
from simnet.inference.fakes.fake import plausible
from simnet.inference.model import Completion
from simnet.inference.replies.usable_reply import UnusableReplyError
from simnet.personas.generate import text_hash
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.synthesis.asking.job import JobOptions
from simnet.synthesis.asking.repeats import EXACT, MINHASH, WORDS, Repeats
from simnet.synthesis.composing.tool_definitions import PATTERN
from simnet.synthesis.people.attribute_completion import (
    completion_question,
    read_values,
    read_wanted,
)
from simnet.synthesis.people.consistency import judgement_question, read_judgement
from simnet.synthesis.people.expansion import Expansion, relation_question
from simnet.synthesis.people.named_relations import read_relations
from simnet.synthesis.people.persona_job import PersonaJob, Texts, expand

HUB = Source("hub.jsonl", "personahub", "CC-BY-NC-SA-4.0", "abc")
PEOPLE = [
    Persona(id="ann", description="Ann keeps bees.", source=HUB),
    Persona(id="bob", description="Bob mends clocks."),
]


def made(job, folder, model=None, **options):
    """Run a job and return its personas, the counts and what else it says."""
    found = []
    options = JobOptions(work=folder / "work", **options)
    model = model or FakeModel()

    def publish(result, counts):
        found.append((list(result.personas()), result))

    counts = asyncio.run(expand(job, model, options, publish))
    ((personas, result),) = found
    return personas, counts, result


def test_personas_carry_where_they_come_from_over_several_steps(tmp_path):
    plan = Expansion(hops=2, relations=("rival", "their patient"), per=2, seed=3)
    personas, counts, _ = made(PersonaJob(given=PEOPLE, plan=plan), tmp_path, near=False)
    assert len(personas) == 2 * 4 + 8 * 4
    by_id = {one.id: one for one in [*PEOPLE, *personas]}
    assert len(by_id) == 42
    for one in personas:
        parent = by_id[one.attributes["made_from"]]
        assert one.attributes["hop"] == parent.attributes.get("hop", 0) + 1
        assert one.attributes["relation"] in {"rival", "their patient"}
        assert one.attributes["model"] == "fake"
        assert isinstance(one.attributes["seed"], int)
        assert one.portrait() == one.description
        if parent.source is not None:
            assert one.source == Source("hub.jsonl", "generated", "CC-BY-NC-SA-4.0", "abc")
        else:
            assert one.source is None
    assert [one.attributes["seed"] for one in personas[:4]].count(3) == 2
    assert counts.asked == 40


def test_texts_give_personas_who_keep_the_hash_of_their_text(tmp_path):
    (tmp_path / "texts").mkdir()
    for name, text in [("b.txt", "The bridge closes."), ("a.txt", "Swarming season.")]:
        (tmp_path / "texts" / name).write_text(text, encoding="utf-8")
    texts = Texts(path=tmp_path / "texts", source=Source("texts", "", "MIT"))
    personas, _, _ = made(PersonaJob(given=texts, plan=Expansion(hops=1)), tmp_path)
    assert [one.attributes["hop"] for one in personas] == [0, 0, 1, 1]
    hashes = [text_hash("Swarming season."), text_hash("The bridge closes.")]
    assert [one.attributes["text_hash"] for one in personas] == hashes * 2
    assert personas[0].attributes["made_from"] == f"text {hashes[0]}"
    assert personas[2].attributes["made_from"] == personas[0].id
    assert {one.source for one in personas} == {Source("texts", "generated", "MIT")}


@pytest.mark.slow
@pytest.mark.parametrize("in_flight", [1, 7, 256])
def test_the_result_is_the_same_whatever_the_concurrency(tmp_path, in_flight):
    plan = Expansion(hops=2, relations=(None, "rival"), per=2)
    model = FakeModel(delay=lambda prompt: int(prompt.digest()[:2], 16) / 2e5)
    job = PersonaJob(given=PEOPLE, plan=plan, wanted=read_wanted(["age=18..99"]), check=True)
    personas, _, _ = made(job, tmp_path, model, in_flight=in_flight)
    plain, _, _ = made(job, tmp_path / "plain")
    assert [one.model_dump() for one in personas] == [one.model_dump() for one in plain]


def test_repeats_are_left_out_counted_and_start_nothing(tmp_path):
    replies = {
        "ann": "A nurse who works nights and loves strong black tea and old crime novels.",
        "bob": "A nurse who works nights, and loves strong black tea and old crime novels!",
    }
    model = FakeModel(
        lambda prompt: next(
            (text for name, text in replies.items() if f"{name.title()} " in prompt.user),
            "Somebody quite different who paints boats in the harbour.",
        )
    )
    personas, counts, result = made(
        PersonaJob(given=PEOPLE, plan=Expansion(hops=2)), tmp_path, model
    )
    assert [one.description[:9] for one in personas] == ["A nurse w", "Somebody "]
    assert counts.repeats == {"exact": 1}
    assert result.repeats == MINHASH


def test_a_persona_that_repeats_its_parent_is_a_repeat(tmp_path):
    model = FakeModel(lambda prompt: "Ann keeps bees" if "Ann" in prompt.user else "A miller.")
    personas, counts, _ = made(PersonaJob(given=PEOPLE, plan=Expansion()), tmp_path, model)
    assert [one.description for one in personas] == ["A miller."]
    assert counts.repeats == {"exact": 1}


def test_near_repeats_are_found_with_and_without_datasketch(monkeypatch):
    first = "A retired ferry pilot who hates the new bridge and writes letters about it."
    near = "A retired ferry pilot who hates the new bridge, and writes letters about it daily."
    other = "A young baker who sings in the choir of a village church."
    repeats = Repeats()
    assert [repeats.add(one) for one in (first, first.upper(), near, other)] == [
        None, "exact", "near", None
    ]  # fmt: skip
    monkeypatch.setattr("simnet.synthesis.asking.repeats.find_spec", lambda _: None)
    repeats = Repeats()
    assert repeats.method == WORDS
    shuffled = "Who hates the new bridge? A retired ferry pilot, and writes letters about it."
    assert [repeats.add(one) for one in (first, shuffled, other)] == [None, "near", None]
    repeats = Repeats(near=False)
    assert repeats.method == EXACT
    assert [repeats.add(one) for one in (first, near, first)] == [None, None, "exact"]


def test_refusals_are_tried_again_and_counted(tmp_path):
    model = FakeModel(
        lambda prompt: "I'm sorry, I can't help." if prompt.seed == 0 else "A diver of wrecks."
    )
    personas, counts, _ = made(PersonaJob(given=PEOPLE[:1], plan=Expansion()), tmp_path, model)
    assert personas[0].attributes["seed"] != 0
    assert counts.unusable == {"refused": 1}


def test_attributes_that_are_missing_are_filled_and_judged(tmp_path):
    people = [Persona(id="ann", description="Ann keeps bees.", attributes={"age": 70})]
    wanted = read_wanted(["age=18..90", "country=France|Germany", "occupation"])
    seen = []

    def reply(prompt):
        seen.append(prompt)
        if "check" in prompt.system:
            return "contradictory: age 70 is too old."
        return "Country: germany\n**Occupation**: beekeeper"

    job = PersonaJob(given=people, plan=Expansion(hops=0), wanted=wanted, check=True)
    (ann,), _, result = made(job, tmp_path, FakeModel(reply))
    assert ann.attributes["age"] == 70
    assert ann.attributes["country"] == "Germany"
    assert ann.attributes["occupation"] == "beekeeper"
    assert ann.attributes["consistency"] == "contradictory"
    assert ann.attributes["consistency_reason"] == "age 70 is too old."
    assert "consistency" not in ann.portrait()
    assert "country: Germany" in ann.portrait()
    assert result.contradictory == 1
    assert "age" not in (seen[0].pattern or "")
    assert "- country: Germany" in seen[1].user


def test_a_value_that_is_not_allowed_is_asked_for_again(tmp_path):
    wanted = read_wanted(["age=18..90"])
    model = FakeModel(lambda prompt: "age: 7" if prompt.seed == 0 else '{"age": 30}')
    job = PersonaJob(given=PEOPLE[:1], plan=Expansion(hops=0), wanted=wanted)
    (ann,), counts, _ = made(job, tmp_path, model)
    assert ann.attributes["age"] == 30
    assert counts.unusable == {"invalid": 1}


@pytest.mark.parametrize(
    ("reply", "values"),
    [
        ("size: s\ncity: Bonn", {"size": "s", "city": "Bonn"}),
        ('```json\n{"City": "Bonn", "SIZE": "S"}\n```', {"size": "s", "city": "Bonn"}),
        ("- **size**: m.\n- **city** = Bonn\n", {"size": "m", "city": "Bonn"}),
        ("size: xl\ncity: Bonn", None),
        ("size: s", None),
        ("I'm sorry, I can't.", None),
        ("", None),
    ],
)
def test_attributes_are_read_leniently(reply, values):
    wanted = read_wanted(["size=s|m", "city"])
    if values is not None:
        assert read_values(Completion(reply), wanted) == values
        return
    with pytest.raises(UnusableReplyError):
        read_values(Completion(reply), wanted)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("45", 45),
        ("45,000", 45000),
        ("45 000", 45000),
        ("1.5", None),
        ("45.000", None),
        ("30-40", None),
        ("45 thousand", None),
    ],
)
def test_a_number_is_read_whole_or_not_at_all(said, value):
    wanted = read_wanted(["income=0..100000"])
    if value is not None:
        assert read_values(Completion(f"income: {said}"), wanted) == {"income": value}
        return
    with pytest.raises(UnusableReplyError, match="not one whole number 0 to 100000"):
        read_values(Completion(f"income: {said}"), wanted)


def test_patterns_are_grammars_of_the_engine_and_of_the_fake_model():
    wanted = read_wanted(
        [
            "age=18..90",
            "income=0..900000",
            "country=C\u00f4te d'Ivoire|U.S.A. (x)|a\u2014b|C++",
            "job",
        ]
    )
    question = completion_question(PEOPLE[0], wanted, 0)
    values = read_values(Completion(plausible(question.prompt(3))), wanted)
    assert values["country"] in wanted[2].choices
    matcher = pytest.importorskip("llguidance").LLMatcher
    judge = judgement_question(PEOPLE[0].model_copy(update={"attributes": values}), 0)
    for pattern in (PATTERN, question.prompt(0).pattern, judge.prompt(0).pattern):
        assert not matcher.validate_grammar(matcher.grammar_from_regex(pattern))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age=90..18", "90 is above 18"),
        ("size=s", "two or more"),
        ("size=s|S", "two or more different"),
        ("=x", "give NAME"),
        ("seed", "says where a persona comes from"),
    ],
)
def test_an_attribute_that_cannot_be_filled_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        read_wanted([text])


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("consistent: all fits", "consistent"),
        ("**Contradictory** - he is 12 and retired", "contradictory"),
        ("Verdict: consistent. All fits.", "consistent"),
        ("I cannot say", None),
        ("maybe", None),
    ],
)
def test_verdicts_are_read_leniently(reply, verdict):
    if verdict is None:
        with pytest.raises(UnusableReplyError):
            read_judgement(Completion(reply))
    else:
        assert read_judgement(Completion(reply)).verdict == verdict


def test_relations_are_names_or_phrases():
    assert read_relations([]) == (None,)
    assert read_relations(["rival", "their patient"]) == ("rival", "their patient")
    with pytest.raises(UsageError, match="did you mean 'rival'"):
        read_relations(["rivale"])


@pytest.mark.parametrize(
    ("name", "content", "column", "message"),
    [
        ("a.jsonl", '{"body": "x"}\n', "text", r"line 1 has no column 'text'; there are 'body'"),
        ("a.jsonl", '{"texts": "x"}\n', "text", "did you mean 'texts'"),
        ("a.jsonl", '{"text": "x"}\n{"text": ""}\n{"text": 3}\n', "text", "2 texts cannot be used"),
        ("a.csv", "text\n", "text", "there are no texts"),
        ("a.txt", "  \n", None, "is empty"),
    ],
)
def test_texts_that_cannot_be_used_are_named_before_anything_starts(
    tmp_path, name, content, column, message
):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        Texts(path=tmp_path / name, column=column, source=HUB)


def test_broken_texts_are_skipped_if_asked(tmp_path):
    lines = [json.dumps({"text": text}) for text in ("one text", "", "two texts")]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    texts = Texts(path=tmp_path / "a.jsonl", column="text", source=HUB, skip_bad=True)
    assert (texts.count, texts.skipped) == (2, 1)
    personas, _, _ = made(PersonaJob(given=texts, plan=Expansion(hops=0)), tmp_path)
    assert len(personas) == 2


def test_a_folder_without_texts_and_personas_without_words_are_refused(tmp_path):
    with pytest.raises(InputError, match="no texts in this folder"):
        Texts(path=tmp_path, source=HUB)
    with pytest.raises(UsageError, match="without a description: x"):
        PersonaJob(given=[Persona(id="x")], plan=Expansion())
    with pytest.raises(UsageError, match="0 hops"):
        PersonaJob(given=PEOPLE, plan=Expansion(hops=0))


def test_prompts_have_what_they_share_first():
    one, two = (relation_question(person, "rival", "m", 0) for person in PEOPLE)
    other = relation_question(PEOPLE[0], "friend", "m", 0)
    assert one.prompt(0).system == two.prompt(0).system == other.prompt(0).system
    shared = one.prompt(0).user.split("Describe")[0]
    assert other.prompt(0).user.startswith(shared)
    assert "Ann keeps bees." in shared
