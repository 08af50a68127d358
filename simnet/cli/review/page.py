"""The terminal page of a review: one record, the questions, and single keys that answer them.

Nothing depends on colours, and texts of records are shown with control characters as escapes.
"""

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Input, Static, TextArea

from simnet.cli.review.drawing import (
    answers_text,
    escaped,
    help_text,
    key_line,
    record_text,
)
from simnet.cli.review.keys import COMMANDS, label_keys, rating_keys
from simnet.errors import SimnetError
from simnet.foundation.text import visible
from simnet.review.questions import Question
from simnet.review.records.record_table import as_text
from simnet.review.session import Session


class ReviewPage(App[None]):
    """Shows the records of a session and takes decisions."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { layout: vertical; }
    #top, #answers, #message, #keys { height: auto; width: 100%; }
    #top { text-style: reverse; max-height: 2; }
    #record { height: 1fr; min-height: 2; }
    #answers { max-height: 40%; overflow-y: auto; }
    #message { text-style: bold; max-height: 4; }
    #keys { max-height: 3; }
    #prompt { display: none; height: 1; border: none; padding: 0; }
    #editor { display: none; height: 50%; min-height: 4; border: none; padding: 0; }
    .asking #answers, .asking #keys { display: none; }
    .asking #prompt.open, .asking #editor.open { display: block; }
    """
    BINDINGS: ClassVar = [Binding("ctrl+c,ctrl+q", "quit", "Quit", priority=True)]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._labels = label_keys(session.review.questions)
        self._ask: Callable[[str], str] | None = None
        """What an open prompt or editor does with its text."""
        self._is_quitting = False
        """Whether the last key asked to leave while something was not saved or not submitted."""
        self._opened_with = ""
        """The text that an open prompt or editor began with."""
        self._turns = {"correction": 0, "comment": 0, "ranking": 0}
        """How often a prompt of each kind was opened, to go round questions of one kind."""

    def compose(self) -> ComposeResult:
        """Lay the page out."""
        yield Static(id="top")
        with VerticalScroll(id="record"):
            yield Static(id="fields")
        yield Static(id="answers")
        yield Static(id="message")
        yield Static(id="keys")
        yield Input(id="prompt")
        yield TextArea(id="editor")

    def on_mount(self) -> None:
        """Show the first record."""
        self.query_one("#record").focus()
        self._draw(self.session.standing())

    def on_resize(self) -> None:
        """List keys as the width allows."""
        self.query_one("#keys", Static).update(key_line(self.size.width))

    # -- keys -------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Take an answer or a command."""
        if self._ask is not None:
            self._is_quitting = False
            self._prompt_key(event)
            return
        key = "enter" if event.key == "enter" else event.character or event.key
        arrows = {"right": "n", "left": "p", "escape": "x"}
        key = arrows.get(event.key, key)
        if key == "q":
            self._quit()
            return
        self._is_quitting = False
        if key == "?":
            self.query_one("#fields", Static).update(help_text())
            self._tell("n, p or any decision goes on")
            return
        self._try(lambda: self._do(key))

    async def action_quit(self) -> None:
        """Leave by ctrl+c or ctrl+q as by q, also from a prompt and from the editor."""
        if self._ask is not None and not self._is_quitting and self._typed() != self._opened_with:
            saves = "ctrl+s" if self.query_one("#editor").has_class("open") else "enter"
            self._is_quitting = True
            self._tell(f"what you wrote is not saved: {saves} saves it, ctrl+c again leaves it")
            return
        if self._ask is not None:
            self._close(None)
            self._is_quitting = False  # it asked about the text, and not about answers
        self._quit()

    def _quit(self) -> None:
        """Leave; ask first where answers are not submitted."""
        draft = None if self._is_quitting else self.session.go_to_draft()
        if draft is None:
            self.exit()
            return
        self._is_quitting = True
        self._draw(f"{draft}: enter submits them, q again leaves without them")

    def _typed(self) -> str:
        """Return the text in the open prompt or editor."""
        editor = self.query_one("#editor", TextArea)
        return editor.text if editor.has_class("open") else self.query_one("#prompt", Input).value

    def _try(self, do: Callable[[], str | None]) -> None:
        """Do something and tell about it, or about what is wrong."""
        try:
            told = do()
        except SimnetError as error:
            told = str(error)
        if told is not None:
            self._draw(told)

    def _do(self, key: str) -> str | None:
        session = self.session
        simple: dict[str, Callable[[], str]] = {
            "enter": session.submit,
            "d": session.discard,
            "u": session.undo,
            "x": session.show_all,
            "n": lambda: session.move(1),
            "p": lambda: session.move(-1),
        }
        if key in simple:
            return simple[key]()
        if key in COMMANDS:
            return self._open(COMMANDS[key])
        if key in self._labels:
            question, label = self._labels[key]
            if question.kind == "multi-label":
                return session.toggle(question, label)
            return self._decided(session.answer(question, label))
        return self._rate(key)

    def _rate(self, key: str) -> str | None:
        """Answer the first rating that has no answer, else the last one."""
        ratings = [one for one in self.session.review.questions if one.kind == "rating"]
        fitting = [one for one in ratings if key in rating_keys(one)]
        if not fitting:
            return f"no rating has the key {visible(key)}" if key.isdecimal() else None
        open_ = [one for one in fitting if one.name not in self.session.draft]
        question = (open_ or fitting[-1:])[0]
        return self._decided(self.session.answer(question, rating_keys(question)[key]))

    def _decided(self, told: str) -> str:
        """Submit as soon as all required answers are there, unless labels are still chosen."""
        several = any(one.kind == "multi-label" for one in self.session.review.questions)
        return told if several or self.session.missing() else self.session.submit()

    # -- prompts ----------------------------------------------------------------------------------

    def _open(self, command: str) -> str | None:
        session = self.session
        match command:
            case "search":
                self._prompt("search: WORDS or COLUMN: WORDS", session.search)
            case "filter":
                self._prompt("filter: likes>3, status=pending or differ=rating", session.filter)
            case "similar":
                columns = session.text_columns()
                if not columns:
                    return "no column has texts to compare"
                self._prompt(f"similar in: {', '.join(columns)}", session.similar, columns[0])
            case "correct" | "comment" | "rank":
                return self._open_text(command)
        return None

    def _open_text(self, command: str) -> str | None:
        kind = {"correct": "correction", "comment": "comment", "rank": "ranking"}[command]
        questions = [one for one in self.session.review.questions if one.kind == kind]
        if not questions:
            return f"no question asks for a {kind}"
        if self.session.current is None:
            return self.session.standing()
        question = questions[self._turns[kind] % len(questions)]
        self._turns[kind] += 1
        drafted = self.session.draft.get(question.name)
        if command == "rank":
            numbered = " ".join(f"{n} {label}" for n, label in enumerate(question.labels, 1))
            self._prompt(f"{numbered}: best first", lambda text: self._ranked(question, text))
        elif command == "comment":
            answer = lambda text: self.session.answer(question, text)  # noqa: E731
            self._prompt(question.name, answer, str(drafted or ""))
        else:
            original = as_text(self.session.current.fields.get(str(question.field)))
            self._edit(question, str(drafted) if drafted is not None else original, original)
        return None

    def _ranked(self, question: Question, text: str) -> str:
        return self._decided(self.session.rank(question, text))

    def _prompt(self, what: str, do: Callable[[str], str], text: str = "") -> None:
        prompt = self.query_one("#prompt", Input)
        prompt.placeholder = visible(what)
        prompt.value = text
        self._show_asking(prompt, do)
        self._tell(what)

    def _edit(self, question: Question, text: str, original: str) -> None:
        editor = self.query_one("#editor", TextArea)
        editor.text = escaped(text)
        shown = editor.text

        def save(changed: str) -> str:
            if changed == shown:
                changed = text  # what is shown as an escape stays as it was
            return self.session.answer(question, "" if changed == original else changed)

        self._show_asking(editor, save)
        self._tell(f"{question.field}: ctrl+s saves, escape leaves it")

    def _show_asking(self, widget: Input | TextArea, do: Callable[[str], str]) -> None:
        """Show a prompt or the editor in the place of questions and keys, which need the rows."""
        self._ask = do
        self.screen.add_class("asking")
        widget.add_class("open")
        self._opened_with = self._typed()
        widget.focus()

    def _prompt_key(self, event: events.Key) -> None:
        editor = self.query_one("#editor", TextArea)
        if event.key == "escape":
            self._close("left as it was")
        elif event.key == "ctrl+s" and editor.has_class("open"):
            self._answer_prompt(editor.text)
        else:
            return
        event.stop()

    def on_input_changed(self) -> None:
        """Take what is typed for going on."""
        self._is_quitting = False

    on_text_area_changed = on_input_changed

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed into the prompt."""
        self._answer_prompt(event.value)

    def _answer_prompt(self, text: str) -> None:
        do = self._ask
        self._close(None)
        if do is not None:
            self._try(lambda: do(text))

    def _close(self, told: str | None) -> None:
        self._ask = None
        self.screen.remove_class("asking")
        self.query_one("#prompt").remove_class("open")
        self.query_one("#editor").remove_class("open")
        self.query_one("#record").focus()
        if told is not None:
            self._tell(told)

    # -- drawing ----------------------------------------------------------------------------------

    def _draw(self, told: str) -> None:
        session = self.session
        standing = session.review.progress(session.annotator)
        done = standing.submitted + standing.discarded
        place = f"{session.place() + 1}/{len(session.view)} " if session.current else ""
        top = f"{done} of {len(session.review)} done, {standing.submitted} kept; "
        top += f"{place}{session.view_name}"
        self.query_one("#top", Static).update(Text(escaped(top)))
        self.query_one("#fields", Static).update(record_text(session.shown()))
        self.query_one("#answers", Static).update(answers_text(session, self._labels))
        self.query_one("#keys", Static).update(key_line(self.size.width))
        self.query_one("#record", VerticalScroll).scroll_home(animate=False)
        self._tell(told)

    def _tell(self, text: str) -> None:
        self.query_one("#message", Static).update(Text(escaped(text)))
