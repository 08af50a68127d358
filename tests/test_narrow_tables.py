"""Tables in narrow terminals: numbers are neither cut nor folded, texts may fold."""

import io

import pytest
from rich.console import Console

from simnet.cli.table_layout import print_pairs, print_rows

HEADINGS = ("cohort", "what they do", "calls", "tokens in", "tokens out")
ROWS = [
    ["members", "write and reply to each other", "12,345", "123,456,789 [98,765,432, 198,765,432]",
     "7,654,321"],
    ["press", "", "1", "2,345", "34"],
]  # fmt: skip
NUMBERS = [cell for row in ROWS for cell in row[2:]]


def printed(width, show, *arguments, **settings):
    stream = io.StringIO()
    show(Console(file=stream, width=width), *arguments, **settings)
    return stream.getvalue()


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120, 200])
def test_numbers_stay_whole_at_every_width(width):
    text = printed(width, print_rows, HEADINGS, ROWS, numbers=HEADINGS[2:])
    assert all(number in text for number in NUMBERS)
    assert "…" not in text
    for heading in HEADINGS:
        assert heading in text


def test_a_table_that_fits_has_one_line_for_its_headings():
    text = printed(120, print_rows, HEADINGS, ROWS, numbers=HEADINGS[2:])
    assert text.splitlines()[0].split("  ")[0] == "cohort"
    assert len(text.splitlines()) == 3


def test_a_table_that_is_too_wide_is_printed_as_lines_with_a_gap_between_rows():
    text = printed(60, print_rows, HEADINGS, ROWS, numbers=HEADINGS[2:])
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "cohort        members"
    assert lines[5:7] == ["", "cohort        press"]


COHORT = ("cohort", "size", "verbs", "rhythm", "feed")
TRADERS = ["traders", "10", "offer, buy, reply, pass", "Exponential(mean=1200 s)",
           "6 of everything, chronological"]  # fmt: skip


@pytest.mark.parametrize("width", range(20, 130))
def test_no_letter_of_a_text_is_lost_at_any_width(width):
    text = printed(width, print_rows, COHORT, [TRADERS], numbers=["size"])
    left = sorted("".join(text.split()))
    assert left == sorted("".join([*COHORT, *TRADERS]).replace(" ", ""))
    assert all(len(line) <= width for line in text.splitlines())


def test_words_stay_whole_where_the_table_has_room_for_them():
    text = printed(80, print_rows, COHORT, [TRADERS], numbers=["size"])
    assert "Exponential(mean=1200" in text


def test_texts_fold_between_words():
    text = printed(30, print_pairs, {"actors": "200 personas in 1 actor, up to 200 personas each"})
    assert [line.rstrip() for line in text.splitlines()] == [
        "actors  200 personas in 1", "        actor, up to 200", "        personas each",
    ]  # fmt: skip
