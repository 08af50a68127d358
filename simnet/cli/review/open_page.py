"""`simnet review open` decides on a page in the terminal."""

import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from simnet.cli.review.opening import REVIEWS, Annotator, Name, Reviews, open_review
from simnet.errors import UsageError
from simnet.foundation.distribution import install_command


def open_page(
    name: Name,
    annotator: Annotator,
    search: Annotated[
        str | None, typer.Option("--search", help="WORDS or COLUMN: WORDS to begin with.")
    ] = None,
    reviews: Reviews = REVIEWS,
) -> None:
    """Decide on a page in the terminal, with single keys; `?` lists them."""
    from simnet.review.session import Session  # noqa: PLC0415  (imports pyarrow)

    session = Session(open_review(name, reviews), annotator)
    if search is not None:
        session.search(search)
    if find_spec("textual") is None:
        raise UsageError(
            "the page is shown with textual; install it, in a clone of simnet: "
            f"{install_command('review')}; without it, decide with: simnet review next and submit"
        )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the page needs a terminal; elsewhere decide with: simnet review next, submit, discard"
        )
    from simnet.cli.review.page import ReviewPage  # noqa: PLC0415  (imports textual)

    ReviewPage(session).run()
