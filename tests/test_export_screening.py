"""What a fine-tuning set takes of recorded replies: no reasoning, nothing garbled, as served."""

import pytest

from simnet.export.training_sets.replies import RecordedReply, ServedCall
from simnet.export.training_sets.screening import NO_PROMPT, REASONING, ChatPair, Screen
from simnet.export.training_sets.sentences import whole_sentences
from simnet.inference.replies.reasoning import separate_reasoning

TEXT = r"[^\s][^\n\r]{0,79}"
ALONE = TEXT
LINES = rf"(reply (1|2|3): {TEXT}|like (1|2|3)|judge (fair|unfair) (1|2|3): {TEXT})"


def recorded(text, completion=None, *, verb="reply", flags=(), post="Bike lanes?", **fields):
    """Make a reply with its call; the fields are those of the call."""
    call = {
        "model": "smol", "adapter": None, "prompt_hash": "1f", "system": "Be brief.",
        "user": '1 @eve: "Bike lanes?"', "pattern": ALONE,
        "completion": text if completion is None else completion, "finish": "stop", "tokens": 9,
    }  # fmt: skip
    return RecordedReply(
        cohort="people", persona_id="ana", turn=1, event=2, verb=verb, number=1, post=post,
        persona="Ana bakes.", text=text, flags=flags, call=ServedCall(**{**call, **fields}),
    )  # fmt: skip


# -- reasoning ----------------------------------------------------------------------------

THOUGHT = [
    ("<think>They want cheer.</think>\n\nYes, lanes!", "Yes, lanes!"),
    ("<think>The user asks about lanes and I", ""),
    ("They want cheer.\n</think>\nYes, lanes!", "Yes, lanes!"),
    ("<THINKING effort='high'>hm</THINKING>Yes", "Yes"),
    ("Well. <thought>hm</thought> Yes", "Well.  Yes"),
    ("<think>a <think>b</think> c</think>Yes", "Yes"),
    ("<seed:think>hm</seed:think>Yes", "Yes"),
    ("[THINK]hm[/THINK]Yes", "Yes"),
    ("\u25c1think\u25b7hm\u25c1/think\u25b7Yes", "Yes"),
    ("<|begin_of_thought|>hm<|end_of_thought|><|begin_of_solution|>Yes<|end_of_solution|>", "Yes"),
    (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes",
        "Yes",
    ),
    ("<|channel|>analysis<|message|>hm, the user", ""),
]


@pytest.mark.parametrize(("said", "reply"), THOUGHT)
def test_reasoning_is_removed(said, reply):
    assert separate_reasoning(said).text == reply


@pytest.mark.parametrize(
    "text", ["a < b", "I think so.", "[reply] ok", "<b>bold</b>", "I <3 lanes", "thinking..."]
)
def test_other_brackets_stay(text):
    assert separate_reasoning(text).text is text


@pytest.mark.parametrize("prompts", ["served", "post"])
@pytest.mark.parametrize("include_marked", [False, True])
@pytest.mark.parametrize(("said", "reply"), THOUGHT)
def test_no_reasoning_of_an_old_record_gets_into_a_set(said, reply, prompts, include_marked):
    taken = Screen(prompts=prompts, include_marked=include_marked)(recorded(said))
    if not reply:
        assert taken == REASONING
        return
    assert isinstance(taken, ChatPair)
    assert (taken.answer, taken.reply.text, taken.cleaned) == (reply, reply, True)


def test_the_thoughts_of_others_keep_a_chat_out_of_a_set():
    thoughtful = '1 @eve: "<think>hm</think> Bike lanes?"'
    reply = recorded("Yes.", user=thoughtful, post="<think>hm</think> Bike lanes?")
    assert Screen(include_marked=True)(reply) == REASONING
    assert Screen(prompts="post")(reply).prompt == [{"role": "user", "content": "Bike lanes?"}]


# -- flaws --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("  ", "empty"),
        ("<|im_end|>", "garbled"),
        ("Yes<|im_end|>\n<|im_start|>user", "garbled"),
        ("Yes</s>", "garbled"),
        ("I can't help with that.", "refusal"),
        ("no no no no no no no no no no no", "repetition"),
    ],
)
def test_replies_with_flaws_are_left_out_though_they_were_recorded_without_flags(text, cause):
    assert Screen()(recorded(text)) == cause
    assert isinstance(Screen(include_marked=True)(recorded(text)), ChatPair)


def test_a_prompt_that_holds_special_tokens_is_left_out():
    reply = recorded("Yes.", user="1 @eve: <|im_end|><|im_start|>assistant")
    assert Screen()(reply) == "garbled"


def test_a_repeat_is_taken_unless_it_is_to_be_left_out():
    reply = recorded("Yes.", flags=("repeat",))
    assert isinstance(Screen()(reply), ChatPair)
    assert Screen(leave_out=["repeat"])(reply) == "repeat"


# -- as served ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("completion", "verb", "answer"),
    [
        ("reply 2: Yes, lanes.", "reply", "reply 2: Yes, lanes."),
        ("**Reply #2:** Yes, lanes.", "reply", "reply 2: Yes, lanes."),
        ("Sure!\nReply 3\uff1a\u201cYes, lanes.\u201d", "reply", "reply 3: Yes, lanes."),
        ("<think>reply 3</think>reply 2: Yes, lanes.", "reply", "reply 2: Yes, lanes."),
        ("Yes, lanes.", "reply", "reply 1: Yes, lanes."),
        ("judge fair 2: Yes, lanes.", "judge", "judge fair 2: Yes, lanes."),
    ],
)
def test_a_reply_is_written_as_the_grammar_asks_for(completion, verb, answer):
    reply = recorded("Yes, lanes.", completion, verb=verb, pattern=LINES)
    assert Screen()(reply).answer == answer


@pytest.mark.parametrize("completion", ["Yes, lanes.", '"Yes, lanes."', "@ana: Yes, lanes."])
def test_where_a_reply_is_its_text_alone_the_answer_is_that_text(completion):
    assert Screen()(recorded("Yes, lanes.", completion)).answer == "Yes, lanes."


def test_a_reply_that_no_call_gave_has_no_served_prompt():
    ruled = recorded("Yes.")._replace(call=None)
    assert Screen()(ruled) == NO_PROMPT
    assert Screen(prompts="post")(ruled).answer == "Yes."
    unfit = recorded("Yes.", pattern="(like 1)")
    assert Screen()(unfit) == NO_PROMPT


def test_an_empty_system_text_is_a_message_because_templates_fill_in_their_own():
    roles = [message["role"] for message in Screen()(recorded("Yes.", system="")).prompt]
    assert roles == ["system", "user"]


# -- whole sentences ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("The bus was late. And then it", "The bus was late."),
        ('He said "no." Then he', 'He said "no."'),
        ("It is 3.5 km to", ""),
        ("Really? Yes! Cut off...", "Really? Yes!"),
        ("公交车晚了。然后", "公交车晚了。"),
        ("बस देर से। फिर", "बस देर से।"),
        ("هل تأخر؟ نعم", "هل تأخر؟"),
        ("no stop at all", ""),
    ],
)
def test_a_text_is_cut_after_its_last_whole_sentence(text, whole):
    assert whole_sentences(text) == whole
