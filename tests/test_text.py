"""Hints in error messages, and text on its way to a terminal."""

import pytest

from simnet.foundation.text import counted, did_you_mean, terminal_safe, without_folders


def test_a_hint_names_the_nearest_word():
    assert did_you_mean("poeple", ["text", "people"]) == "; did you mean 'people'?"
    assert did_you_mean("an", ["ann", "cy", "ian"], most=2) == "; did you mean 'ian' or 'ann'?"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[Errno 28] No space left: '/home/me/runs/town'", "[Errno 28] No space left: 'town'"),
        ("~/runs/a: broken; C:\\Users\\me\\b is too", "a: broken; b is too"),
        ("http://127.0.0.1:8000/v1/models: 404", "http://127.0.0.1:8000/v1/models: 404"),
        ("events/part-1.parquet of org/model and/or 3/4", None),
    ],
)
def test_a_text_without_folders_has_names_of_files_and_whole_addresses(text, kept):
    assert without_folders(text) == (text if kept is None else kept)


def test_there_is_no_hint_without_a_near_word():
    assert did_you_mean("colour", ["text", "people"]) == ""
    assert did_you_mean("colour", []) == ""


def test_a_word_can_be_looked_up_in_any_iterable():
    assert did_you_mean("towm", {"town": 1}) == "; did you mean 'town'?"
    assert did_you_mean("towm", iter({"town"})) == "; did you mean 'town'?"


def test_a_terminal_gets_neither_escapes_nor_changes_of_direction():
    assert terminal_safe("\x1b[31mred\x07 \u202eend\u2028") == "[31mred end"
    assert terminal_safe("a\tb\nc") == "a   b\nc"
    assert terminal_safe("plain") == "plain"


@pytest.mark.parametrize(("count", "noun", "text"), [
    (1, "actor", "1 actor"), (0, "actor", "0 actors"), (2000, "turn", "2,000 turns"),
    (193, "dismiss", "193 dismisses"), (1, "dismiss", "1 dismiss"), (12, "reply", "12 replies"),
    (2, "day", "2 days"), (3, "watch", "3 watches"), (3, "model call", "3 model calls"),
    (4, "pass", "4 passes"), (5, "unlike", "5 unlikes"), (2, "GPU", "2 GPUs"),
])  # fmt: skip
def test_a_count_is_written_with_its_noun_in_the_right_number(count, noun, text):
    assert counted(count, noun) == text
