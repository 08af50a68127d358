import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simnet
from simnet import Cohort, FakeModel, Scenario, Write, sample
from simnet.agents import reply_flags, reply_words
from simnet.errors import UserCodeError
from simnet.inference.replies import refusals
from simnet.inference.replies.refusal_folding import fold
from simnet.inference.replies.refusals import LANGUAGES, breaks_role, opens_with_refusal
from simnet.inference.replies.refusals_latin import LATIN
from simnet.inference.replies.refusals_scripts import OTHER_SCRIPTS

REFUSALS = [
    "I can't help with that.",
    "I can\N{RIGHT SINGLE QUOTATION MARK}t help with that.",
    "I'm sorry, but I can't assist with that request.",
    "I cannot fulfill your request.",
    "I am unable to participate in this conversation.",
    "I can't engage in this discussion.",
    "I can't continue this conversation.",
    "I cannot create content that is hateful.",
    "I'm not able to provide guidance on this topic.",
    "I can't provide information on that.",
    "I can't answer that.",
    "I won't write such content, it is harmful.",
    "As an AI language model, I do not have opinions on bike lanes.",
    "I'm just an AI, but I find this interesting!",
    "Sorry, I can't help you.",
]
INNOCENT = [
    "I can't help but smile when the market opens.",
    "I can't help thinking that the council forgot us.",
    "I can't support a bike lane on Elm Street.",
    "I'm sorry, but I can't make it on Sunday.",
    "I can't wait to help with the garden!",
    "I can't write well when I am tired.",
    "We can't continue like this.",
    "I can't answer the phone now.",
    "I won't comply with a parking ban nobody asked for.",
    "I am an aide at the school.",
    "I'm an AI researcher and I walk to work.",
    "I can't help you move on Sunday, but Monday is fine.",
    "I can't provide for three children on that wage.",
    "The council cannot help with that.",
    "",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_to_play_a_part_is_marked(text):
    assert breaks_role(text)
    assert breaks_role(f"Well. {text.upper()}")


@pytest.mark.parametrize("text", INNOCENT)
def test_what_people_say_is_no_refusal(text):
    assert not breaks_role(text)


@pytest.mark.parametrize(
    "text",
    ["<|im_end|>", "</s>", "[INST] [/INST]", "<s> <|eot_id|>\n<pad>", "<|assistant|><|end|>"],
)
def test_nothing_but_special_tokens_is_garbled(text):
    assert reply_flags.garbled(text)


@pytest.mark.parametrize("text", ["", "  ", "hi <|im_end|>", "a < b", "[INSTALL]", "ok </s>"])
def test_words_are_not_garbled(text):
    assert not reply_flags.garbled(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café!", "cafe\u0301"),
        ("İSTANBUL", "istanbul"),
        ("مُحَمَّد", "محمد"),
        ("Ｈｅｌｌｏ", "hello"),
        ("可以。", "可以！"),
        ("I can't help with that.", "I can't help with that!"),
        ("Bike lanes?  Yes, please", "bike lanes yes please."),
        ("STRASSE", "straße"),
    ],
)
def test_near_repeats_have_one_gist(one, other):
    assert reply_words.gist(one) == reply_words.gist(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("👍", "🎉"), ("❤️", "👍"), ("!!!", "..."), ("yes", "no"), ("काम", "कम"), ("কাল", "কলি")],
)
def test_other_texts_have_other_gists(one, other):
    assert reply_words.gist(one) != reply_words.gist(other)


def stuck(text):
    return reply_flags.repeats_itself(text, reply_words.gist(text).split())


@pytest.mark.parametrize(
    "text",
    [
        "no no no no no no no",
        "So good, so good! So good, so good? So good.",
        "a" * 16,
        "x" + "!" * 40,
        "我不知道。我不知道。我不知道。我不知道。我不知道。",
        "すごいすごいすごいすごいすごいすごい",
        "ดีมากดีมากดีมากดีมากดีมากดีมาก",
        "बहुत अच्छा है, बहुत अच्छा है, बहुत अच्छा है, बहुत अच्छा है, बहुत अच्छा है।",
        "정말 좋아요 정말 좋아요 정말 좋아요 정말 좋아요 정말 좋아요",
    ],
)
def test_a_text_that_is_stuck_is_found(text):
    assert stuck(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no no no",
        "The bus was late. The bus was late again.",
        " " * 40,
        "ha" * 6,
        "a" * 15,
        "哈哈哈哈哈哈哈",
        "人工智能很好，人工智能很快，人工智能很贵，人工智能很新。",
        "自転車レーンは自転車に乗る人のため。自転車レーンは必要。",
        "मैं कल आया, मैं आज आया, मैं फिर आऊँगा।",
    ],
)
def test_people_repeat_themselves_a_little(text):
    assert not stuck(text)


SAID = "The council forgot Elm Street again, and nobody on the bus was surprised by it."


@pytest.mark.parametrize(
    "other",
    [
        SAID,
        f"As they say: {SAID} So true.",
        SAID.replace("Elm Street", "Oak Street"),
        SAID.replace("nobody", "no one").replace("again, ", ""),
    ],
)
def test_most_of_a_text_in_another_is_found(other):
    assert reply_flags.nearly_holds(other, reply_flags.pieces(SAID))


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ("The council forgot us, and the bus was late.", SAID),
        (SAID, "I like the bus."),
        ("", SAID),
        ("I like the bus.", "I like the bus."),
    ],
)
def test_other_texts_and_short_ones_are_no_near_repeats(other, text):
    assert not reply_flags.nearly_holds(other, reply_flags.pieces(text))


CHINESE = "社区委员会又一次忘记了榆树街，公交车上没有人感到惊讶。"


def test_near_repeats_are_found_in_scripts_whose_letters_say_more():
    parts = reply_flags.pieces(CHINESE)
    assert reply_flags.nearly_holds(f"正如他们所说：{CHINESE}真的。", parts)
    assert not reply_flags.nearly_holds("社区里的公交车今天很准时，没人抱怨。", parts)


# -- refusals in other languages ------------------------------------------------------------

SENTENCES = Path(__file__).parent / "sentences"


def sentences(name):
    return json.loads((SENTENCES / f"{name}.json").read_text(encoding="utf-8"))


def rates():
    """Count, for each language, refusals found, posts taken for refusals, and sentences."""
    return {
        language: (
            sum(map(breaks_role, kinds["refusals"])),
            sum(map(breaks_role, kinds["posts"])),
            len(kinds["refusals"]),
            len(kinds["posts"]),
        )
        for language, kinds in sentences("held_out").items()
    }


def test_refusals_are_recognised_in_the_languages_that_are_named():
    assert set(sentences("development")) == set(LANGUAGES) == set(sentences("held_out"))
    for language, kinds in sentences("development").items():
        missed = [text for text in kinds["refusals"] if not breaks_role(text)]
        assert len(missed) <= 1, f"{language}: {missed}"
        assert not list(filter(breaks_role, kinds["posts"])), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_description_that_refuses_is_recognised_in_every_language(language):
    refusals_of, posts = sentences("development")[language].values()
    assert sum(map(opens_with_refusal, refusals_of)) >= len(refusals_of) - 1
    assert not opens_with_refusal(f"A baker who says: {posts[0]}")


def test_looking_for_cues_first_misses_nothing():
    patterns = [pattern for _, pattern in refusals._searches((*LATIN, *OTHER_SCRIPTS))]
    for name in ("development", "held_out"):
        for kinds in sentences(name).values():
            for text in (*kinds["refusals"], *kinds["posts"]):
                folded = fold(text)
                assert breaks_role(text) == any(one.search(folded) for one in patterns), text


@pytest.mark.slow
@pytest.mark.parametrize("phrases", OTHER_SCRIPTS, ids=lambda phrases: phrases.language)
def test_every_match_of_a_pattern_holds_a_cue(phrases):
    inability = [phrases.inability + task for task in phrases.tasks]
    pairs = [(phrases.cues, one) for one in phrases.phrases]
    for cues, pattern in (*pairs, *((phrases.inability_cues, one) for one in inability)):
        every_match_holds(list(map(fold, cues)), re.compile(fold(pattern)))


def every_match_holds(cues, pattern):
    @settings(max_examples=25, derandomize=True, deadline=None)
    @given(st.from_regex(pattern).map(fold))
    def holds(text):
        assert pattern.search(text) is None or any(cue in text for cue in cues)

    holds()


@pytest.mark.parametrize(
    "text",
    [
        "그건 도와드리기 힘들어요.",
        "이 요청은 거부합니다.",
        "मैं एक deepseek हूं।",
        "ऐसे अनुरोध को मैं मना करता हूं।",
        "আমি deepseek, কোনো মানুষ নই।",
    ],
)
def test_refusals_are_found_by_each_of_their_words(text):
    assert breaks_role(text)


@pytest.mark.parametrize("phrases", OTHER_SCRIPTS, ids=lambda phrases: phrases.language)
def test_no_cue_is_within_another(phrases):
    for cues in (phrases.cues, phrases.inability_cues):
        folded = list(map(fold, cues))
        assert [one for one in folded if sum(other in one for other in folded) > 1] == []


def test_no_sentence_that_the_rates_are_measured_on_was_used_for_the_phrases():
    known, measured = sentences("development"), sentences("held_out")
    for language, kinds in measured.items():
        for kind, texts in kinds.items():
            assert not set(texts) & set(known[language][kind])


def test_the_page_on_flags_has_the_rates_that_are_measured_here():
    page = (Path(__file__).parents[1] / "docs/reference/marks.md").read_text(encoding="utf-8")
    for language, (found, false, asked, posts) in rates().items():
        assert f"| {language} | {found} of {asked} | {false} of {posts} |" in page
    total = [sum(column) for column in zip(*rates().values(), strict=True)]
    assert f"| all | {total[0]} of {total[2]} | {total[1]} of {total[3]} |" in page


@pytest.mark.parametrize(
    "text",
    ["Ｉ ｃａｎｎｏｔ help with that.", "I can\u2019t assist with that.", "無法協助完成此請求。"],
)
def test_width_apostrophes_and_traditional_characters_do_not_matter(text):
    assert breaks_role(text)


# -- flags of one's own ---------------------------------------------------------------------


@pytest.mark.filterwarnings(
    "ignore:.*nobody in people follows anyone:simnet.errors.ScenarioWarning"
)
def test_a_flagger_of_a_cohort_adds_flags_to_replies(tmp_path):
    def flagger(text):
        return ["advertisement"] if "buy" in text else []

    people = Cohort("people", sample(2, seed=1), verbs=(Write,), flagger=flagger, memory=0)
    model = FakeModel(lambda prompt: "buy my watch" if prompt.seed % 2 else "a nice day")
    run = simnet.run(Scenario("s", [people], lasts=7200.0), model=model, out=tmp_path)
    rows = run.read("events").to_pylist()
    assert {row["text"] for row in rows if "advertisement" in row["marks"]} == {"buy my watch"}
    assert {"advertisement" in row["marks"] for row in rows} == {True, False}


@pytest.mark.filterwarnings(
    "ignore:.*nobody in people follows anyone:simnet.errors.ScenarioWarning"
)
def test_a_flagger_can_have_a_reply_asked_for_again(tmp_path):
    def flagger(text):
        return [reply_flags.REFUSAL] if text == "nope" else []

    people = Cohort("people", sample(1, seed=1), verbs=(Write,), flagger=flagger, resamples=1)
    model = FakeModel(lambda _: "nope")
    run = simnet.run(Scenario("s", [people], lasts=3600.0), model=model, out=tmp_path)
    assert {"resampled", "refusal"} <= set(run.read("events")["marks"][0].as_py())


@pytest.mark.parametrize("returned", ["refusal", [1], 7])
def test_a_flagger_that_returns_no_names_is_an_error(returned):
    with pytest.raises(UserCodeError, match=r"flagger .* returned .*, not a list of names"):
        reply_flags.own_flags(lambda _: returned, "text")
    assert reply_flags.own_flags(lambda _: None, "text") == ()


@pytest.mark.filterwarnings(
    "ignore:.*nobody in people follows anyone:simnet.errors.ScenarioWarning"
)
@pytest.mark.parametrize(
    ("flagger", "problem"),
    [
        (lambda text: 7, "returned 7"),
        (lambda text: text.nope, "raised AttributeError"),
        (lambda text: sys.exit(3), "called sys.exit"),
    ],
)
def test_a_flagger_that_fails_is_named_with_its_place_and_the_run_can_go_on(
    flagger, problem, tmp_path
):
    people = Cohort("people", sample(1, seed=1), verbs=(Write,), flagger=flagger)
    with pytest.raises(UserCodeError, match=f"'people': flagger <lambda> {problem}") as fault:
        simnet.run(
            Scenario("s", [people], lasts=3600.0), model=FakeModel(lambda _: "hi"), out=tmp_path
        )
    assert fault.value.file == __file__
    assert "simnet resume" in fault.value.__notes__[0]
