"""What a search or a trend found, as it is shown."""

from typing import Self


class Finding(str):
    """A line of `View.news` with words that a member wrote, between words of the platform."""

    __slots__ = ("after", "before", "words")

    before: str
    words: str
    """What the member wrote; prompts mark it."""
    after: str

    def __new__(cls, before: str, words: str, after: str = "") -> Self:
        """Join the parts; they can be told apart later."""
        finding = super().__new__(cls, before + words + after)
        finding.before, finding.words, finding.after = before, words, after
        return finding

    def __reduce__(self) -> tuple[object, ...]:
        return Finding, (self.before, self.words, self.after)
