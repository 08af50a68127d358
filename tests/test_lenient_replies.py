"""A valid line reads as the same action in whatever it is wrapped, and no text raises anything."""

import re
import time
from random import Random

import made_hostile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_worlds import shown, view
from test_replies import EVERY, HOSTILE, SEEN, VERBS, line, mutated, random_format, random_view

from simnet import Follow, Like, Pass, Reply, Write
from simnet.agents.formats.fitted_reply import fitted
from simnet.agents.formats.lenient_reader import clean_text, own_names, read
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.errors import ModelError
from simnet.inference.fakes.fake import plausible
from simnet.inference.fakes.sample import Draws, sampler
from simnet.inference.model import Prompt
from simnet.inference.replies.reasoning import separate_reasoning
from simnet.inference.replies.reply_text import shortened, unwrapped
from simnet.models import Completion
from simnet.personas import Persona
from simnet.verbs import React
from simnet.world.actions import fields_of

ME = ("ann", "Ann Baker", "Ann")
WIDE = ReplyFormat(VERBS, 280, 10, 1)

MARKS = (
    lambda text: f"**{text}**",
    lambda text: f"*{text}*",
    lambda text: f"__{text}__",
    lambda text: f"`{text}`",
    lambda text: f'"{text}"',
    lambda text: f"\u201c{text}\u201d",
    lambda text: f"\xab{text}\xbb",
    lambda text: f"\u300c{text}\u300d",
    lambda text: f"'{text}'",
)
"""What encloses a line."""
LEADS = (
    lambda text: f"- {text}",
    lambda text: f"* {text}",
    lambda text: f"\u2022 {text}",
    lambda text: f"1. {text}",
    lambda text: f"2) {text}",
    lambda text: f"> {text}",
    lambda text: f"## {text}",
    lambda text: f"@ann: {text}",
    lambda text: f"Ann: {text}",
    lambda text: f"Action: {text}",
    lambda text: f"**Final answer:** {text}",
    lambda text: f"  {text}  ",
)
"""What comes before a line."""
BLOCKS = (
    lambda text: f"```\n{text}\n```",
    lambda text: f"```text\n{text}\n```",
    lambda text: f"~~~\n{text}\n~~~",
    lambda text: f"<answer>{text}</answer>",
    lambda text: f"<answer>\n{text}\n</answer>",
    lambda text: f"Sure! Here is my action:\n{text}",
    lambda text: f"I think this is fine.\n\n{text}",
    lambda text: f"{text}\n\nThat is what I would do.",
    lambda text: f"{text}<|im_end|>",
    lambda text: f"\n\n{text}\n",
)
"""What surrounds lines."""
THOUGHTS = (
    lambda text: text,
    lambda text: f"<think>like 2? Or reply 2: no.\npass</think>\n\n{text}",
    lambda text: f"like 2 or\nlike 2\n</think>{text}",
    lambda text: f"{text}\n<thinking>Was it right to write: that",
    lambda text: f"[THINK]pass[/THINK]{text}",
)


def spellings(action, seen):
    """List the spellings of the line of an action: case, separators and words between."""
    head, colon, text = line(action, seen).partition(": ")
    verb, *words = head.split(" ")
    yield head + colon + text
    yield head.upper() + colon + text
    yield head.capitalize() + colon + text
    yield f"**{verb}** {' '.join(words)}{colon}{text}"
    if colon:
        yield f"{head}:{text}"
        yield f"{head}\uff1a{text}"
        yield f'{head}: "{text}"'
        yield f"**{head}:** {text}"
    else:
        yield f"{head}."
        yield f"{head}\u3002"
    if words and words[0].isdigit():
        rest = " ".join(words[1:]) + colon + text
        yield f"{verb} #{words[0]} {rest}".strip()
        yield f"{verb}: {words[0]} {rest}".strip()
        yield f"{verb} [{words[0]}] {rest}".strip()
        yield f"{verb} ({words[0]}) {rest}".strip()
    if isinstance(action, Like | Reply | React):
        rest = " ".join(words[1:]) + colon + text
        yield f"{verb} post {words[0]} {rest}".strip()


def words_of_text():
    return st.lists(
        st.sampled_from(["well", "this", "is", "good", "news", "for", "us", "all"]),
        min_size=2,
        max_size=9,
    ).map(" ".join)


@st.composite
def actions(draw):
    """Draw an action that is possible in SEEN."""
    verb = draw(st.sampled_from(VERBS))
    members = [post.author for post in SEEN.posts] + ["dan", "eve"]
    values = {}
    for field in fields_of(verb):
        match field.kind:
            case "post":
                choices = st.sampled_from([post.id for post in SEEN.posts])
            case "member":
                choices = st.sampled_from(members)
            case "group":
                choices = st.sampled_from(SEEN.groups)
            case "community":
                choices = st.sampled_from(SEEN.communities)
            case "choice":
                choices = st.sampled_from(field.choices)
            case _:
                choices = words_of_text()
        values[field.name] = draw(choices)
    return verb(**values)


@settings(max_examples=200)
@given(st.data(), actions())
def test_a_line_reads_as_its_action_in_any_wrapping(data, action):
    text = data.draw(st.sampled_from(list(spellings(action, SEEN))))
    for wraps in ((*MARKS, *LEADS), BLOCKS):
        for wrap in data.draw(st.lists(st.sampled_from(wraps), max_size=3)):
            text = wrap(text)
    text = data.draw(st.sampled_from(THOUGHTS))(text)
    reading = read(WIDE, separate_reasoning(text).text, SEEN, ME)
    assert reading.actions == [action]
    assert not reading.cut


@pytest.mark.slow
def test_what_the_grammar_accepts_reads_the_same_in_both_readers():
    said = 0
    for number in range(400):
        chance = Random(number)
        reply_format, seen = random_format(chance), random_view(chance)
        pattern = reply_format.pattern(seen)
        for draw in range(5 if pattern else 0):
            reply = sampler(pattern)(Draws(draw))
            if re.search(r'(?m)(?:^|: )"', reply):
                continue  # the free reader takes off a quotation mark that nothing closes
            said += 1
            assert read(reply_format, reply, seen).actions == reply_format.parse(reply, seen)
    assert said > 1000


def readable(reply_format, reply, seen):
    """Read a reply: it is refused, or actions that the strict reader reads from their lines."""
    try:
        reading = read(reply_format, reply, seen, ME)
    except ModelError as error:
        assert 0 < len(str(error)) < 300  # noqa: PT017  (that it is raised is not sure)
        return 0
    assert 1 <= len(reading.actions) <= reply_format.acts
    for action in reading.actions:
        written = action.text if reply_format.sole_verb else line(action, seen)
        assert reply_format.parse(written, seen) == [action]
    return 1


def test_any_string_is_actions_or_one_model_error():
    chance = Random(1)
    accepted = 0
    for _ in range(200):
        reply_format, seen = random_format(chance), random_view(chance)
        pattern = reply_format.pattern(seen) or "pass"
        for _ in range(30):
            reply = mutated(chance, sampler(pattern)(Draws(chance.randint(0, 10**9))))
            accepted += readable(reply_format, reply, seen)
    assert 500 < accepted < 5_500


@pytest.mark.slow
@pytest.mark.parametrize("acts", [1, 3])
def test_hostile_strings_are_actions_or_one_model_error(acts):
    hostile = (*HOSTILE, *made_hostile.LINES, "[" * 30_000, "\n" * 30_000 + "x", "like " * 9_000)
    for verbs in (VERBS, (Write,), (Reply,), (Pass,)):
        for size in (0, 1, 10):
            seen = view(*[shown(number) for number in range(size)], groups=("g",))
            reply_format = ReplyFormat(verbs, 280, max(size, 1), acts)
            for reply in hostile:
                readable(reply_format, reply, seen)


@settings(max_examples=300)
@given(st.integers(0, 10**6))
def test_replies_of_hostile_models_are_actions_or_one_model_error(number):
    chance = Random(number)
    reply_format, seen = random_format(chance), random_view(chance)
    prompt = Prompt(system="", user="", pattern=reply_format.pattern(seen), seed=number)
    text = separate_reasoning(made_hostile.reply(chance, lambda: plausible(prompt))).text
    readable(reply_format, text, seen)


PIECES = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            ["<think>", "</think>", "[THINK]", "```", "\n", "**", '"', "like 1", "reply 1: hi", "{",
             "}", "analysis", "<|channel|>", "<|message|>", "final", ":", "@ann", "Ann says:",
             '{"action": "like", "post": 1}', "(", ")", "\u201c", "\u25c1think\u25b7", "\u200b"]
        ),
    ),
    max_size=12,
).map("".join)  # fmt: skip


@settings(max_examples=300)
@given(PIECES)
def test_no_text_makes_a_reader_raise(text):
    separated = separate_reasoning(text)
    assert separate_reasoning(separated.text).text == separated.text
    for reply_format in (EVERY, WIDE, ReplyFormat((Write,), 9, 1, 1)):
        readable(reply_format, separated.text, SEEN)
    assert isinstance(fitted(text, "(yes|no)", ME), str)
    assert isinstance(clean_text(text, ME), str)
    assert bool(unwrapped(text, ME)) == bool(text.strip())


@given(st.text(min_size=1, max_size=60), st.integers(1, 40))
def test_a_text_is_cut_to_a_beginning_of_it(text, longest):
    cut = shortened(text, longest)
    assert len(cut) <= longest
    assert text.startswith(cut) or text.lstrip().startswith(cut)
    if len(text) <= longest:
        assert cut == text


@pytest.mark.parametrize(
    ("text", "longest", "cut"),
    [
        ("It is late. We should all go home.", 20, "It is late."),
        ("We should all go home right now", 20, "We should all go"),
        ("\u4eca\u65e5\u306f\u3002\u3044\u3044\u5929\u6c17", 6, "\u4eca\u65e5\u306f\u3002"),
        ("Hi! We should all go home right now", 20, "Hi! We should all go"),
        ("x" * 30, 20, "x" * 20),
        ("aaaae\u0301x", 5, "aaaa"),
    ],
)  # fmt: skip
def test_a_text_over_the_limit_is_cut_at_a_sentence_or_a_word(text, longest, cut):
    assert shortened(text, longest) == cut


def test_a_persona_answers_to_its_handle_and_its_names():
    ann = Persona(id="ann_baker", attributes={"Full Name": "Ann Baker", "city": "Rome", "age": 3})
    assert set(own_names(ann)) == {"ann_baker", "ann baker", "Ann Baker", "Ann"}


def test_of_more_actions_than_allowed_the_first_count():
    reading = read(EVERY, "1. like 1\n2. reply 2: Yes.\n3. pass", SEEN)
    assert reading.actions == [Like(40), Reply(7, "Yes.")]
    assert reading.surplus
    assert not read(EVERY, "like 1\nreply 2: Yes.", SEEN).surplus


@pytest.mark.parametrize(
    ("reply", "left_aside"),
    [
        ("reply 2: Yes.\n\nAnd another paragraph.", True),
        ("reply 2: Yes.\nlike 1", False),
        ("like 1\nBecause it is true.", False),  # no text of the reply is lost
        ("reply 2:\nYes.", False),
    ],
)
def test_lines_after_a_text_are_left_aside_and_marked(reply, left_aside):
    assert read(EVERY, reply, SEEN).surplus is left_aside


def test_completions_say_whether_they_are_replies():
    assert Completion("like 1", reasoning="Hm.").reasoning_only is False
    assert Completion(" ", reasoning="Hm.").reasoning_only is True
    assert Completion("").reasoning_only is False


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("**reply 2**: It is **great**", "It is **great**"),
        ("'**'reply 2: \"well well\"'**'", "well well"),
        ("**reply 2: It is **great**", "It is **great**"),
        ("**reply 2:** It is **great**", "It is **great**"),
        ("**reply *2*: It is great**", "It is great"),
        ("reply 2 **:** It is great", "It is great"),
        ("* reply 2: It is *great*", "It is *great*"),
        ("* It is so.\n* reply 2: It is *great*", "It is *great*"),
        ("`reply 2`: use `make`", "use `make`"),
        ('"reply 2": "It is great"', "It is great"),
        ('{"reply 2": "It is great"}', "It is great"),
        ('He said "well.\nreply 2: I say "yes"', 'I say "yes"'),
        ("(reply 2): It is great :)", "It is great :)"),
        ("(1) reply 2: It is great :)", "It is great :)"),
        ("[1] reply 2: It is great [2]", "It is great [2]"),
        ("(reply 2: It is great :))", "It is great :)"),
        ("reply (2: It is great)", "It is great"),
        ("reply(post=2, text='It's great')", "It's great"),
        ("<reply 2>: It is <3", "It is <3"),
        ("reply @cat's: It is the dogs'", "It is the dogs'"),
    ],
)
def test_marks_that_a_text_has_itself_stay(reply, text):
    assert read(WIDE, reply, SEEN, ME).actions == [Reply(7, text)]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ('reply 2: "It is late and', "It is late and"),
        ("reply 2: \u201eEs ist", "Es ist"),
        ('reply 2: "Yes" he said', '"Yes" he said'),
        ("reply 2: 'Tis late", "'Tis late"),
        ('reply 2: 6" is', '6" is'),
    ],
)
def test_a_quotation_mark_that_nothing_closes_is_taken_off(reply, text):
    assert read(WIDE, reply, SEEN, ME).actions == [Reply(7, text)]
    alone = reply.partition(": ")[2]
    assert read(ReplyFormat((Write,), 280, 1, 1), alone, SEEN).actions == [Write(text)]


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("I would like to reply to post 2: Hi!", Reply(7, "Hi!")),
        ("I'd like to like 2.", Like(7)),
        ("I want to reply to post 2: Hi!", Reply(7, "Hi!")),
        ("An important comment: like 2", Like(7)),
        ("I'll pass on this one.", Pass()),
        ("pass this time", Pass()),
        ("Perhaps like 1.\nFinal: like 2", Like(7)),
        ("like 1\n**Final:** like 2", Like(7)),
    ],
)
def test_what_a_model_says_it_would_like_to_do_is_its_action(reply, action):
    assert read(WIDE, reply, SEEN, ME).actions == [action]


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ('{"reply 2": "Hi!"}', Reply(7, "Hi!")),
        ('{"reply 2": {"text": "Hi!"}}', Reply(7, "Hi!")),
        ('{"action": "reply 2", "text": "Hi!"}', Reply(7, "Hi!")),
        ('{"action": "like 2", "text": "Hi!"}', Like(7)),
        ('{"action": "like", "post": [2]}', Like(7)),
        ('{"like": true, "post": 2}', Like(7)),
        ("<tool_call>like 2</tool_call>", Like(7)),
        ("reply 2: ```\nHi!\n```", Reply(7, "Hi!")),
        ("**reply 2:**\n```text\nHi!\n```", Reply(7, "Hi!")),
        ("Answer with one of these lines:\nwrite: TEXT\nreply N: TEXT\n\nlike 2", Like(7)),
    ],
)
def test_targets_and_texts_are_found_where_models_put_them(reply, action):
    assert read(WIDE, reply, SEEN, ME).actions == [action]


@pytest.mark.parametrize(
    "reply",
    ["write: TEXT", 'reply 2: "TEXT"', "write: [TEXT]", '{"action": "write", "text": "TEXT"}'],
)
def test_a_rule_of_the_prompt_that_is_repeated_is_no_action(reply):
    with pytest.raises(ModelError, match="not an action"):
        read(WIDE, reply, SEEN, ME)


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("Reply To Post 2: Hi!", Reply(7, "Hi!")),
        ("Reply to Post #2: Hi!", Reply(7, "Hi!")),
        ("reply to @cat: Hi!", Reply(7, "Hi!")),
        ("Reply to @cat's post: Hi!", Reply(7, "Hi!")),
        ("reply to cat: Hi!", Reply(7, "Hi!")),
        ("reply to @cat (2): Hi!", Reply(7, "Hi!")),
        ("like the post by @cat", Like(7)),
        ("like post 2 by cat", Like(7)),
        ("Follow User 4", Follow("eve")),
        ("follow the user @eve", Follow("eve")),
        ("follow user eve", Follow("eve")),
        ("follow @eve [4]", Follow("eve")),
        ("like 2, cat is right", Like(7)),
    ],
)
def test_words_in_any_case_may_stand_before_a_target(reply, action):
    assert read(WIDE, reply, SEEN, ME).actions == [action]


def test_a_number_beside_a_handle_tells_posts_of_one_author_apart():
    seen = view(shown(40, "ben"), shown(7, "ben"), shown(8, "benny"))
    assert read(WIDE, "reply to @ben (2): Hi!", seen).actions == [Reply(7, "Hi!")]
    assert read(WIDE, "reply to @benny: Hi!", seen).actions == [Reply(8, "Hi!")]
    for reply in ("reply to @ben: Hi!", "reply to @ben (3): Hi!", "like 3 by @ben"):
        with pytest.raises(ModelError):
            read(WIDE, reply, seen)


@pytest.mark.parametrize(
    "reply",
    [
        "follow @ben, @eve",
        "follow ben and eve",
        "follow 1, @eve",
        "mute @ben & @cat",
        "like @ben, cat",
    ],
)
def test_two_members_are_two_targets(reply):
    with pytest.raises(ModelError):
        read(WIDE, reply, SEEN, ME)


@pytest.mark.parametrize(
    "text",
    [
        "\u4f60\u597d\uff0c\u4e16\u754c\uff01\U0001f937\u200d\u2640\ufe0f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\uff01",
        "\u0915\u094d\u200d\u092f\u093e\u3000\uff1f",
        "\uff11\uff12\uff13 \U0001f468\u200d\U0001f469\u200d\U0001f467!",
    ],
)
def test_a_text_stays_as_it_is_written_whatever_joins_its_letters(text):
    assert read(WIDE, f"reply 2: {text}", SEEN, ME).actions == [Reply(7, text)]
    assert read(WIDE, f"\u200f**reply 2**: \u202b{text}\u202c", SEEN, ME).actions == [
        Reply(7, text)
    ]


@pytest.mark.parametrize(
    ("loop", "seen"),
    [("pass. ", SEEN), ("trend - ", SEEN), ("reply: ", view(shown(1))), ("like, ", view(shown(1)))],
)
def test_a_model_that_says_one_action_over_and_over_has_one_outcome(loop, seen):
    readable(WIDE, loop * 500, seen)
    readable(EVERY, loop * 500, seen)


FOLDED = ' type="reasoning"></details>'


def nested(opening, closing, count, inside):
    return opening * count + inside + closing * count


@pytest.mark.parametrize(
    "text",
    [
        "`" * 100_000,
        "~" * 100_000,
        "x" + "." * 100_000,
        "a\n" + nested("\u300c", "\u300d", 9_000, "x\ny"),
        nested("<det", f"ails{FOLDED}", 2_500, f"<details{FOLDED}"),
        "Thought" + ":" * 90_000 + "\nx",
        "Thought:" + "*" * 90_000 + "\nx",
        "analysis:" + "<|a|>" * 20_000,
        "<details><summary>" + "think " * 16_000,
    ],
)
def test_the_longest_replies_take_no_longer_than_their_length(text):
    begun = time.process_time()
    separated = separate_reasoning(text).text
    readable(WIDE, separated, SEEN)
    fitted(text, "(yes|no)", ME)
    clean_text(text, ME)
    assert time.process_time() - begun < 4.0  # it was minutes


def test_tags_within_tags_without_end_are_reasoning():
    reply = nested("<det", f"ails{FOLDED}", 200, f"<details{FOLDED}") + "like 1"
    assert separate_reasoning(reply).text == ""
