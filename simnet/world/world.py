"""A world and its two writers: `apply` does an action, `observe` shows one member their feed.

`apply` returns the event that says what changed, or why nothing did. `observe` marks posts as
seen and takes mentions, mail and search results; what it showed are exposures. Nothing else
changes a world, so doing both again in the same order rebuilds it: see
`simnet.kernel.record_replay`.
"""

from collections.abc import Iterable, Sequence

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.foundation.user_code import mark_boundary, raised_by
from simnet.world.actions import Action, Effect, check_numbers
from simnet.world.effects import check_effect
from simnet.world.event_codec import encode_action
from simnet.world.events import DONE, REFUSED, Event, ExposureBatch
from simnet.world.feeds.feed import Feed
from simnet.world.feeds.view import look_at
from simnet.world.state.network import Network
from simnet.world.state.posts import View
from simnet.world.state.recorded_state import RecordedState, StateChange
from simnet.world.state.state_hash import state_hash
from simnet.world.state.world_copy import Memo, copied
from simnet.world.state.world_state import WorldState

SEEN_PER_CANDIDATE = 8
"""A member's seen posts are thinned out when they are this many for each candidate of the feed."""


class World(WorldState):
    """A state of the world and the two ways to change it."""

    def __init__(self, handles: Sequence[str], cohorts: Sequence[str], network: Network) -> None:
        super().__init__(handles, cohorts, network)
        self.recorded: dict[str, RecordedState] = {}
        """The parts of `kept` that verbs declared as recorded, by name."""
        self.state_changes: list[StateChange] = []
        """Changes of what is recorded; the kernel makes rows of them and clears them."""

    def __deepcopy__(self, memo: Memo) -> "World":
        return copied(self, memo)

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

        `forbidden` refuses it whatever the rule says, and records what its rule changed if that
        was tried before and failed half-way. The other keyword arguments say what the
        action belongs to and go into the event as they are. Raises ValueError if `now` is
        before the last change, UserCodeError, naming the verb, if its rule raises anything
        but ActionError or returns no Effect.
        """
        if not self.now <= now < self._next_end:
            self._reach(now)
        self.now = now
        position = self.index[who]
        if forbidden is None and (self.recorded or action.records):
            self._begin_recording(action.records)
        try:
            self._check_may_act(position, action, forbidden)
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
        if self.recorded:
            self._note_state_changes()
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
        if not self.now <= now < self._next_end:
            self._reach(now)
        self.now = now
        viewer = self.index[who]
        view, exposures, unread = look_at(
            self, viewer, feed, now, turn=turn, seed=seed, refused=refused
        )
        if feed.fresh:
            seen = self.seen[viewer]
            seen.update(dict.fromkeys(exposures.posts, len(self.timeline) if feed.again else None))
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

    def record_state(self, names: Iterable[str]) -> None:
        """Record what custom verbs keep under these names of `kept`, from now on.

        What is kept there already is recorded at the end of the next action.
        """
        for name in names:
            if name not in self.recorded:
                self.kept[name] = self.recorded[name] = RecordedState(name, self.kept[name])

    def _reach(self, now: Seconds) -> None:
        """End the suspensions whose time is over. Raises ValueError if time runs backwards."""
        if now < self.now:
            raise ValueError(f"time runs backwards: {now} after {self.now}")
        self.lift_suspensions(now)

    def _begin_recording(self, names: Iterable[str]) -> None:
        for state in self.recorded.values():
            state.forget_reads()
        self.record_state(names)

    def _note_state_changes(self) -> None:
        for name, state in self.recorded.items():
            if self.kept[name] is not state:
                state.replace(self.kept[name])
                self.kept[name] = state
            self.state_changes += state.take_changes()

    def _check_may_act(self, who: int, action: Action, forbidden: str | None) -> None:
        if forbidden is not None:
            raise ActionError(forbidden)
        if who in self.suspended:
            raise ActionError(self.why_hidden(who))
        check_numbers(action)

    def _forget(self, viewer: int, feed: Feed, now: Seconds) -> None:
        """Drop seen posts that are older than the feed's window, so that few are kept.

        The next time is put off until their number has doubled, so that the mean cost of a
        look does not grow with the length of a run.
        """
        oldest = self.first_post_since(now - feed.window)
        kept = {number: at for number, at in self.seen[viewer].items() if number >= oldest}
        self.seen[viewer] = kept
        self.forget_at[viewer] = max(SEEN_PER_CANDIDATE * feed.candidates, 2 * len(kept))

    def digest(self) -> str:
        """Hash the whole state: 32 hexadecimal digits, equal for equal worlds.

        See `simnet.world.state.state_hash`.
        """
        return state_hash(self)
