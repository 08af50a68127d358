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
    "mix",
    "shuffled",
    "shuffled_by",
    "split",
]
