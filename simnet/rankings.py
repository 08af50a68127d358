"""Rankings score the candidates of a feed; these can be combined."""

from simnet.world.feeds.combinators import blend, diverse, mix
from simnet.world.feeds.personalised import About, Embed, collaborative, embeddings, interest
from simnet.world.feeds.rankings import (
    Ranking,
    Split,
    chronological,
    engagement,
    hot,
    shuffled,
    shuffled_by,
    split,
)
from simnet.world.feeds.report_rankings import longest_reported, most_reported
from simnet.world.state.posts import Post

__all__ = [
    "About",
    "Embed",
    "Post",
    "Ranking",
    "Split",
    "blend",
    "chronological",
    "collaborative",
    "diverse",
    "embeddings",
    "engagement",
    "hot",
    "interest",
    "longest_reported",
    "mix",
    "most_reported",
    "shuffled",
    "shuffled_by",
    "split",
]
