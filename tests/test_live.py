"""What one sees of a run, on recorded consoles."""

import io
from collections import Counter

import pytest
from rich.console import Console

from simnet.cli.display.live import LiveDisplay, Plain, display, line, print_posted
from simnet.cli.display.pace import Pace, format_seconds
from simnet.cli.display.summary import print_closing
from simnet.inference.calls.statistics import Statistics
from simnet.kernel.ledger import Ledger
from simnet.runs.plans.plan import RunResult
from simnet.scenario.forecast.expected_turns import Expected
from simnet.scheduler.progress.messages import Finish, Posted, Progress, Usage

LONG = "word " * 30


def console(*, terminal=False, width=60) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)


def text_of(console: Console) -> str:
    return console.file.getvalue()


def progress(*, now=1800.0, done=50, elapsed=10.0, posted=(), usage=(60, 9000, 4500, 1200)):
    ledger = Ledger(60, done, Counter(like=2), Counter(deadline=1), Counter(at_limit=3), 60, 7)
    return Progress(now, ledger, Usage(*usage), elapsed, tuple(posted), 0.5)


def pace(*, turns=99.0, at_least=False) -> Pace:
    return Pace(3600.0, Expected(turns, at_least), cues=1)


def test_figures_are_those_of_the_report():
    figures = pace().look(progress())
    assert (figures.settled, figures.expected, figures.thinking) == (53, 100, 7)
    assert (figures.tokens_in, figures.tokens_out, figures.cached) == (900, 120, 0.5)
    assert (figures.refused, figures.failed, figures.marks) == (2, 1, {"at_limit": 3})


def test_tokens_a_second_are_those_of_the_last_seconds():
    steady = pace()
    for second in range(30):
        figures = steady.look(progress(elapsed=second, usage=(0, 100 * second, 0, 0)))
    assert figures.tokens_in == pytest.approx(100)
    for second in range(30, 60):
        figures = steady.look(progress(elapsed=second, usage=(0, 3000, 0, 0)))
    assert figures.tokens_in == 0


def test_time_left_goes_by_simulated_time():
    assert pace(at_least=True).look(progress(now=900.0)).left == pytest.approx(30)
    assert pace(at_least=True).look(progress(now=1.0)).left is None


def test_time_left_goes_by_turns_where_all_happens_early():
    assert pace().look(progress(now=1.0, done=77)).left == pytest.approx(2.5)


def test_time_left_leaves_out_what_a_resume_played_again():
    resumed = pace(at_least=True)
    for second in range(1, 61):  # half of it again at once, and then a minute at 9 s a second
        figures = resumed.look(progress(now=1800.0 + 9 * second, elapsed=second))
    assert figures.left == pytest.approx((3600 - 1800 - 9 * 60) / 9)


def test_time_left_is_unknown_while_nothing_moves():
    stalled = pace(at_least=True)
    for second in range(1, 61):
        figures = stalled.look(progress(now=900.0, elapsed=second))
    assert figures.left is None


def test_more_turns_than_expected_are_no_more_than_all():
    figures = pace(turns=9).look(progress())
    assert (figures.expected, figures.left) == (53, 0)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_wall_time_is_written_with_its_units(seconds, told):
    assert format_seconds(seconds) == told


# -- plain --------------------------------------------------------------------------------


def test_plain_lines_are_phases_and_progress_now_and_then():
    shown, times = console(width=200), iter([10.0, 10.0, 11.0, 12.5, 12.5])
    plain = Plain(shown, pace(), watch=False, clock=lambda: next(times))
    plain.phase("starting Ray")
    for _ in range(3):
        plain.progress(progress())
    lines = text_of(shown).splitlines()
    assert len(lines) == 3
    assert lines[0] == "starting Ray"
    assert lines[1] == (
        "00:30:00 of 01:00:00, 53 of about 100 turns, 7 thinking, 60 calls, 900 tokens/s in "
        "(50% cached), 120 tokens/s out, 2 refused, 1 failed, 3 at_limit, about 9 s left"
    )


def test_no_escape_sequences_where_there_is_no_terminal():
    shown = console()
    plain = Plain(shown, pace(), watch=True)
    plain.progress(progress(posted=[Posted(0, "ann", "hosts", "hi", None, ("at_limit",))]))
    assert "\x1b" not in text_of(shown)


# -- posts --------------------------------------------------------------------------------


def test_a_post_is_named_wrapped_and_followed_by_a_blank_line():
    shown = console(width=40)
    print_posted(Posted(0, "Emma35", "hosts", LONG.strip(), None, ()), shown)
    lines = text_of(shown).split("\n")
    assert lines[0] == "User Emma35 posted:"
    assert lines[-2:] == ["", ""]
    assert max(len(line) for line in lines) <= 40
    assert " ".join(" ".join(lines[1:-2]).split()) == LONG.strip()


def test_a_reply_names_both_and_shows_its_marks():
    shown = console()
    print_posted(Posted(0, "bo", "guests", "no!", "ann", ("repeat",)), shown)
    assert text_of(shown) == "User bo replied to ann: [repeat]\nno!\n\n"


def test_what_agents_wrote_steers_neither_terminal_nor_markup():
    shown = console(terminal=True)
    print_posted(Posted(0, "bo", "guests", "\x1b[2J[red]hi[/red]\r\x07", None, ()), shown)
    assert "\x1b[2J" not in text_of(shown)
    assert "[red]hi[/red]\n" in text_of(shown)


# -- live ---------------------------------------------------------------------------------


def test_the_live_display_shows_the_phase_then_the_figures_and_goes():
    shown = console(terminal=True, width=100)
    with LiveDisplay(shown, pace(), watch=True) as live:
        live.phase("waiting for the model")
        shown.print(live._render())
        live.progress(progress(posted=[Posted(0, "ann", "hosts", "hello all", None, ())]))
        shown.print(live._render())
    told = text_of(shown)
    for part in (
        "waiting for the model",
        "00:30:00 of 01:00:00",
        "53 of about 100, 7 thinking",
        "60 calls, 900 tokens/s in (50% cached), 120 tokens/s out",
        "2 refused, 1 failed, 3 at_limit",
        "User ann posted:",
        "hello all",
    ):
        assert part in told


def test_the_time_is_on_one_line_with_a_bar_where_there_is_room():
    lines = {}
    for width in (40, 100):
        shown = console(terminal=True, width=width)
        live = LiveDisplay(shown, pace(), watch=False)
        live.progress(progress())
        shown.print(live._render())
        lines[width] = next(one for one in text_of(shown).splitlines() if "time" in one)
    assert lines[40].split(None, 1)[1].startswith("00:30:00 of 01:00:00, about")
    assert "━" in lines[100]


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    chosen = display(console(terminal=True), pace(), watch=True, as_json=False, quiet=False)
    assert type(chosen) is Plain


def test_a_lower_bound_is_called_one():
    shown = console(terminal=True, width=100)
    live = LiveDisplay(shown, pace(at_least=True), watch=False)
    live.progress(progress())
    shown.print(live._render())
    assert "53 of at least 100" in text_of(shown)


@pytest.mark.parametrize(
    ("terminal", "as_json", "quiet", "kind"),
    [
        (True, False, False, "LiveDisplay"),
        (False, False, False, "Plain"),
        (True, True, False, "JsonLines"),
        (True, False, True, "Quiet"),
    ],
)
def test_the_display_suits_the_terminal_and_the_options(
    terminal, as_json, quiet, kind, monkeypatch
):
    monkeypatch.setenv("TERM", "xterm")
    shown = console(terminal=terminal)
    chosen = display(shown, pace(), watch=True, as_json=as_json, quiet=quiet)
    assert type(chosen).__name__ == kind


def test_what_waits_for_the_model_and_its_restarts_are_shown():
    busy = progress()._replace(
        statistics=Statistics(in_flight=9, waiting=1200, kv_use=0.25),
        incidents=("engine died", "engine hung"),
    )
    figures = pace().look(busy)
    assert (figures.waiting, figures.kv_use, figures.restarts) == (1200, 0.25, 2)
    assert "1,200 waiting, started again 2 times" in line(figures)
    assert "waiting" not in line(pace().look(progress()))


@pytest.mark.parametrize(
    ("seconds", "total"), [((0.14, 0.04), "0.1 s"), ((4.0, 68.2), "1 min 12 s")]
)
def test_the_wall_time_of_the_closing_line_is_the_sum_of_its_phases(tmp_path, seconds, total):
    phases = dict(zip(("turns", "sealing"), seconds, strict=True))
    finish = Finish(stopped=False, progress=progress(elapsed=0.02), digest="digest")
    shown = console(width=100)
    print_closing(RunResult("run", tmp_path, "completed", finish, phases, None), shown)
    assert f"completed after 00:30:00 of simulated time and {total} of wall time" in text_of(shown)
    assert "go on" not in text_of(shown)
    listed = ", ".join(f"{name} {phase:.1f} s" for name, phase in phases.items())
    assert f"wall time  {listed}; first reply 0.5 s after the first turn" in text_of(shown)


@pytest.mark.parametrize(("calls", "advised"), [(3, True), (0, False)])
def test_an_interrupted_run_says_how_it_goes_on_in_words_for_a_shell(tmp_path, calls, advised):
    ended = progress()._replace(usage=Usage(calls=calls))
    finish = Finish(stopped=True, progress=ended, digest="digest")
    folder = tmp_path / "my runs" / "night"
    shown = console(width=400)
    print_closing(RunResult("night", folder, "interrupted", finish, {}, 2), shown)
    words = f"night --runs '{tmp_path}/my runs'"
    assert f"go on    simnet resume {words}\n" in text_of(shown)
    assert f"read it  simnet show {words}\n" in text_of(shown)
    assert (f"simnet export sft {words} --out night-sft" in text_of(shown)) is advised
