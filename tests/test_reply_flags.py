import pytest

from simnet.agents import reply_flags
from simnet.inference.refusals import breaks_role

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
        ("I can't help with that.", "I can't help with that!"),
        ("Bike lanes?  Yes, please", "bike lanes yes please."),
        ("STRASSE", "straße"),
    ],
)
def test_near_repeats_have_one_gist(one, other):
    assert reply_flags.gist(one) == reply_flags.gist(other)


@pytest.mark.parametrize(("one", "other"), [("👍", "🎉"), ("!!!", "..."), ("yes", "no")])
def test_other_texts_have_other_gists(one, other):
    assert reply_flags.gist(one) != reply_flags.gist(other)


def stuck(text):
    return reply_flags.repeats_itself(text, reply_flags.gist(text).split())


@pytest.mark.parametrize(
    "text",
    [
        "no no no no no no no",
        "So good, so good! So good, so good? So good.",
        "a" * 16,
        "x" + "!" * 40,
    ],
)
def test_a_text_that_is_stuck_is_found(text):
    assert stuck(text)


@pytest.mark.parametrize(
    "text",
    ["", "no no no", "The bus was late. The bus was late again.", " " * 40, "ha" * 6, "a" * 15],
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
