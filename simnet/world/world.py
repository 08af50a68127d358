"""A world and its two writers: `apply` does an action, `observe` shows one member their feed.

`apply` returns the event that says what changed, or why nothing did. `observe` marks posts as
seen and takes mentions, mail and search results; what it showed are exposures. Nothing else
changes a world, so doing both again in the same order rebuilds it: see
`simnet.world.event_replay`.
"""

from collections.abc import Iterator
from hashlib import blake2b

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.user_code import mark_boundary, raised_by
from simnet.world.actions import Action, Effect
from simnet.world.effects import check_effect
from simnet.world.event_codec import encode_action
from simnet.world.events import DONE, REFUSED, Event, ExposureBatch
from simnet.world.feeds.feed import Feed
from simnet.world.feeds.view import look_at
from simnet.world.posts import View
from simnet.world.state import WorldState

SEEN_PER_CANDIDATE = 8
"""A member's seen posts are thinned out when they are this many for each candidate of the feed."""


class World(WorldState):
    """A state of the world and the two ways to change it."""

    @mark_boundary(lambda run: f"verb {run['action'].verb!r} of @{run['who']}")
    def apply(
        self,
        who: str,
        action: Action,
        now: Seconds,
        *,
        woke: Seconds | None = None,
        turn: int | None = None,
        cue: int | None = None,
        part: int = 0,
        marks: tuple[str, ...] = (),
        shown: tuple[int, ...] = (),
        forbidden: str | None = None,
    ) -> Event:
        """Do one action by the rule of its verb; a refusal changes nothing and says why.

        `forbidden` refuses it whatever the rule says. The other keyword arguments say what the
        action belongs to and go into the event as they are. Raises ValueError if `now` is
        before the last change, UserCodeError, naming the verb, if its rule raises anything
        but ActionError or returns no Effect.
        """
        if now < self.now:
            raise ValueError(f"time runs backwards: {now} after {self.now}")
        self.now = now
        position = self.index[who]
        try:
            self._check_may_act(position, forbidden)
            done = action.do(self, position, now)
            if type(done) is not Effect or type(action).__module__[:7] != "simnet.":
                check_effect(action, done, len(self.posts))
            effect, outcome, reason = encode_action(action, done), DONE, None
        except ActionError as error:
            effect, outcome, reason = encode_action(action, Effect()), REFUSED, str(error)
        except BaseException as error:
            rule, verb = type(action).do, repr(action.verb)
            cohort = self.cohorts[position]
            raise raised_by(
                "verb", rule, error, name=verb, cohort=cohort, handle=who, turn=turn
            ) from error
        # A hot path: arguments by position, in the order of the fields, cost a quarter.
        return Event(
            now,
            woke,
            who,
            self.cohorts[position],
            turn,
            cue,
            part,
            action.verb,
            outcome,
            reason,
            effect.post,
            effect.made,
            effect.root,
            effect.whom,
            effect.group_name,
            effect.text,
            effect.extra,
            marks,
            shown,
        )

    @mark_boundary(lambda run: f"feed of @{run['who']}, turn {run['turn']}")
    def observe(
        self,
        who: str,
        now: Seconds,
        feed: Feed,
        *,
        turn: int,
        seed: int,
        refused: tuple[str, ...] = (),
    ) -> tuple[View, ExposureBatch]:
        """Show `who` replies to them, then their feed, mail and what they searched for.

        What is shown counts as seen and as read. `turn`, `seed` and `refused` go into the view
        as they are; `seed` also decides whom `feed.suggests` suggests. Raises ValueError if
        `now` is before the last change, UserCodeError if a source, ranking or recommendation fails.
        """
        if now < self.now:
            raise ValueError(f"time runs backwards: {now} after {self.now}")
        self.now = now
        viewer = self.index[who]
        view, exposures, unread = look_at(
            self, viewer, feed, now, turn=turn, seed=seed, refused=refused
        )
        if feed.fresh:
            seen = self.seen[viewer]
            seen.update(dict.fromkeys(exposures.posts))
            if len(seen) >= self.forget_at.get(viewer, SEEN_PER_CANDIDATE * feed.candidates):
                self._forget(viewer, feed, now)
        if viewer in self.mentions:
            del self.mentions[viewer]
            if unread.mentions:
                self.mentions[viewer] = unread.mentions
        if viewer in self.mail:
            del self.mail[viewer]
            if unread.mail:
                self.mail[viewer] = unread.mail
        if viewer in self.findings:
            del self.findings[viewer]
        return view, exposures

    def _check_may_act(self, who: int, forbidden: str | None) -> None:
        if forbidden is not None:
            raise ActionError(forbidden)
        if who in self.suspended:
            raise ActionError(f"@{self.handles[who]} is suspended")

    def _forget(self, viewer: int, feed: Feed, now: Seconds) -> None:
        """Drop seen posts that are older than the feed's window, so that few are kept.

        The next time is put off until their number has doubled, so that the mean cost of a
        look does not grow with the length of a run.
        """
        oldest = self.first_post_since(now - feed.window)
        kept = dict.fromkeys([number for number in self.seen[viewer] if number >= oldest])
        self.seen[viewer] = kept
        self.forget_at[viewer] = max(SEEN_PER_CANDIDATE * feed.candidates, 2 * len(kept))

    # -- the hash of the state ----------------------------------------------------------

    def digest(self) -> str:
        """Hash the whole state: 32 hexadecimal digits, equal for equal worlds.

        Left out is what follows from the rest (indexes, the words of the posts) and the rows
        that wait for the kernel (`triggered`, `network.changes`).
        """
        state = blake2b(digest_size=16)
        for part in self._parts():
            state.update(repr(part).encode("utf-8", "surrogatepass"))
        return state.hexdigest()

    def _parts(self) -> Iterator[object]:
        followers, followees = self.network.edge_arrays()
        yield [(p.shown(), p.parent, p.root, p.removed, p.reports) for p in self.posts]
        yield [(p.id, sorted(p.feelings.items())) for p in self.posts if p.feelings]
        yield [(who, post.id) for who, post in self.timeline]
        yield self._entry_times
        yield sorted(self.reactions.items())
        yield sorted(self.reposted)
        yield self.report_queue
        yield sorted(self.pins)
        yield self.engagement.state()
        for table in (self.mutes, self.blocks):
            yield [(who, sorted(table[who])) for who in sorted(table) if table[who]]
        yield sorted(self.suspended)
        yield [(name, list(members)) for name, members in self.groups.items()]
        yield sorted((name, table) for name, table in self.kept.items() if table)
        yield (followers.tobytes().hex(), followees.tobytes().hex())
        yield sorted((who, posts) for who, posts in self.mentions.items() if posts)
        yield sorted((who, messages) for who, messages in self.mail.items() if messages)
        yield sorted(self.findings.items())
        yield sorted(self.forget_at.items())
        for who in sorted(self.seen):  # one by one: together they may be millions of numbers
            if self.seen[who]:
                yield who, sorted(self.seen[who])
