"""Plays the events of a run into the tables of OASIS's database."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

from simnet.export.interchange.oasis_schema import insert_statement
from simnet.foundation.text import storable

Clock: TypeAlias = Literal["minutes", "datetime"]
"""How times are written: whole minutes of simulated time, as OASIS's time steps of Twitter, or
dates and times from 1970 on, as its clock of Reddit."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
POST, COMMENT = "post", "comment"

Row: TypeAlias = Mapping[str, Any]


class Place(NamedTuple):
    """The row that a post of the run became."""

    kind: str
    """`post` or `comment`."""
    id: int


class OasisWriter:
    """Writes users, posts and what was done into a database that has the tables."""

    def __init__(
        self, database: sqlite3.Connection, relations: Mapping[str, str], clock: Clock
    ) -> None:
        self.left_out: Counter[str] = Counter()
        """Acts that OASIS has no table for, by verb."""
        self._database = database
        self._relations = relations
        self._clock = clock
        self._users: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        self._reactions: dict[tuple[int, int], tuple[str, int]] = {}
        self._acts: Mapping[str, Callable[[Row, int], None]] = {
            "follow": self._follow,
            "unfollow": self._unfollow,
            "mute": self._mute,
            "unmute": self._unmute,
            "report": self._report,
            "create": self._create_group,
            "join": self._join_group,
            "leave": self._leave_group,
            "send": self._send,
            "search": lambda row, user: self._trace(row, user, "search_posts", query=row["text"]),
            "find": lambda row, user: self._trace(row, user, "search_user", query=row["text"]),
            "trend": lambda row, user: self._trace(row, user, "trend", posts=[]),
            "pass": lambda row, user: self._trace(row, user, "do_nothing"),
        }

    def user(self, handle: str, description: str) -> None:
        """Add a user; ids count from 0 in the order of calls, as OASIS's agents do."""
        number = self._users[handle] = len(self._users)
        values = {
            "user_id": number, "agent_id": number, "user_name": handle, "name": handle,
            "bio": storable(description), "created_at": self._time(0.0),
        }  # fmt: skip
        self._insert("user", **values)
        about = {"name": handle, "user_name": handle, "bio": storable(description)}
        self._trace({"time": 0.0}, number, "sign_up", **about)

    def tie(self, follower: str, followee: str) -> None:
        """Add a tie of the initial network."""
        if follower in self._users and followee in self._users:
            self._tie(self._users[follower], self._users[followee], 0.0)

    def shown(self, handle: str, posts: list[int]) -> None:
        """Note what a user was shown last; replies are not in OASIS's recommendations."""
        places = [self._place(post) for post in posts]
        for place in dict.fromkeys(place for place in places if place and place.kind == POST):
            if handle in self._users:
                self._insert("rec", user_id=self._users[handle], post_id=place.id)

    def act(self, row: Row) -> None:
        """Add one event that was done; what OASIS has no table for is counted."""
        user = self._users.get(row["who"])
        relation = self._relations.get(row["verb"])
        if user is None:
            self.left_out["acts of somebody who is not among the personas"] += 1
        elif row["made"] is not None:
            self._publish(row, user, relation)
        elif relation == "repost":
            self._repost(row, user)
        elif relation in {"reaction", "retraction"}:
            self._react(row, user, None if relation == "retraction" else row["text"] or row["verb"])
        elif row["verb"] in self._acts:
            self._acts[row["verb"]](row, user)
        else:
            self.left_out[f"{row['verb']} (OASIS has no such act)"] += 1

    # -- posts -------------------------------------------------------------------------------

    def _publish(self, row: Row, user: int, relation: str | None) -> None:
        text = storable(row["text"] or "")
        about = self._place(row["post"])
        root = self._place(row["root"])
        if relation == "reply" and root is not None:
            number = self._insert(
                "comment", post_id=root.id, user_id=user, content=text, created_at=self._at(row)
            )
            self._note(row, COMMENT, number)
            self._trace(row, user, "create_comment", content=text, comment_id=number)
            return
        if relation == "quote" and about is not None and about.kind == POST:
            (quoted,) = self._one("SELECT content FROM post WHERE post_id = ?", about.id)
            number = self._post(row, user, quoted, about.id, quote_content=text)
            self._trace(row, user, "quote_post", quoted_id=about.id, new_post_id=number)
        else:
            if relation == "reply":
                self.left_out["reply whose thread is not in the record (written as a post)"] += 1
            number = self._post(row, user, text, None)
            self._trace(row, user, "create_post", content=text, post_id=number)
        self._note(row, POST, number)

    def _post(self, row: Row, user: int, content: str, original: int | None, **more: Any) -> int:
        if original is not None:
            self._count(POST, original, "num_shares", 1)
        return self._insert(
            "post", user_id=user, content=content, original_post_id=original,
            created_at=self._at(row), **more,
        )  # fmt: skip

    def _repost(self, row: Row, user: int) -> None:
        place = self._place(row["post"])
        if place is None or place.kind == COMMENT:
            self.left_out["repost of a reply (OASIS has none)"] += 1
            return
        number = self._post(row, user, "", place.id)
        self._trace(row, user, "repost", reposted_id=place.id, new_post_id=number)

    def _note(self, row: Row, kind: str, number: int) -> None:
        self._insert("simnet_posts", made=row["made"], kind=kind, id=number, answers=row["post"])

    # -- reactions ---------------------------------------------------------------------------

    def _react(self, row: Row, user: int, reaction: str | None) -> None:
        place = self._place(row["post"])
        if place is None:
            self.left_out["reaction to a post that is not there"] += 1
            return
        before = self._reactions.pop((user, row["post"]), None)
        if before is not None:
            table, number = before
            key = f"{table}_id"
            self._database.execute(f'DELETE FROM "{table}" WHERE {key} = ?', (number,))  # noqa: S608
            kind = "dislike" if table.endswith("dislike") else "like"
            self._count(place.kind, place.id, f"num_{kind}s", -1)
            if reaction is None:
                self._trace(
                    row, user, self._undoing(place, kind), **self._about(place, table, number)
                )
        if reaction in {"like", "dislike"}:
            table = reaction if place.kind == POST else f"comment_{reaction}"
            own = {f"{place.kind}_id": place.id}
            number = self._insert(table, user_id=user, created_at=self._at(row), **own)
            self._reactions[user, row["post"]] = (table, number)
            self._count(place.kind, place.id, f"num_{reaction}s", 1)
            action = f"{reaction}_{place.kind}"
            self._trace(row, user, action, **self._about(place, table, number))
        elif reaction is not None:
            self.left_out[f"{reaction} (OASIS has no such reaction)"] += 1

    @staticmethod
    def _undoing(place: Place, kind: str) -> str:
        return f"unlike_{place.kind}" if kind == "like" else f"undo_dislike_{place.kind}"

    @staticmethod
    def _about(place: Place, table: str, number: int) -> dict[str, int]:
        return {f"{place.kind}_id": place.id, f"{table}_id": number}

    def _report(self, row: Row, user: int) -> None:
        place = self._place(row["post"])
        if place is None or place.kind == COMMENT:
            self.left_out["report of a reply (OASIS has none)"] += 1
            return
        reason = storable(row["text"] or "")
        number = self._insert(
            "report", user_id=user, post_id=place.id, report_reason=reason, created_at=self._at(row)
        )
        self._count(POST, place.id, "num_reports", 1)
        self._trace(row, user, "report_post", post_id=place.id, report_id=number)

    # -- ties --------------------------------------------------------------------------------

    def _follow(self, row: Row, user: int) -> None:
        whom = self._users.get(row["whom"])
        if whom is not None:
            self._trace(row, user, "follow", follow_id=self._tie(user, whom, row["time"]))

    def _tie(self, user: int, whom: int, time: float) -> int:
        number = self._insert(
            "follow", follower_id=user, followee_id=whom, created_at=self._time(time)
        )
        self._count("user", user, "num_followings", 1)
        self._count("user", whom, "num_followers", 1)
        return number

    def _unfollow(self, row: Row, user: int) -> None:
        whom = self._users.get(row["whom"])
        if whom is None:
            return
        gone = self._database.execute(
            "DELETE FROM follow WHERE follower_id = ? AND followee_id = ?", (user, whom)
        )
        if gone.rowcount:
            self._count("user", user, "num_followings", -1)
            self._count("user", whom, "num_followers", -1)
        self._trace(row, user, "unfollow", followee_id=whom)

    def _mute(self, row: Row, user: int) -> None:
        whom = self._users.get(row["whom"])
        if whom is not None:
            self._insert("mute", muter_id=user, mutee_id=whom, created_at=self._at(row))
            self._trace(row, user, "mute", mutee_id=whom)

    def _unmute(self, row: Row, user: int) -> None:
        whom = self._users.get(row["whom"])
        pair = (user, whom)
        self._database.execute("DELETE FROM mute WHERE muter_id = ? AND mutee_id = ?", pair)
        self._trace(row, user, "unmute", mutee_id=whom)

    # -- groups ------------------------------------------------------------------------------

    def _create_group(self, row: Row, user: int) -> None:
        name = row["group_name"]
        number = self._insert("chat_group", name=name, created_at=self._at(row))
        self._groups[name] = number
        self._insert("group_members", group_id=number, agent_id=user, joined_at=self._at(row))
        self._trace(row, user, "create_group", group_id=number, group_name=name)

    def _join_group(self, row: Row, user: int) -> None:
        if (number := self._groups.get(row["group_name"])) is not None:
            self._insert("group_members", group_id=number, agent_id=user, joined_at=self._at(row))
            self._trace(row, user, "join_group", group_id=number)

    def _leave_group(self, row: Row, user: int) -> None:
        if (number := self._groups.get(row["group_name"])) is not None:
            gone = "DELETE FROM group_members WHERE group_id = ? AND agent_id = ?"
            self._database.execute(gone, (number, user))
            self._trace(row, user, "leave_group", group_id=number)

    def _send(self, row: Row, user: int) -> None:
        if (number := self._groups.get(row["group_name"])) is not None:
            text = storable(row["text"] or "")
            values = {"sender_id": user, "content": text, "sent_at": self._at(row)}
            message = self._insert("group_messages", group_id=number, **values)
            about = {"group_id": number, "message_id": message, "content": text}
            self._trace(row, user, "send_to_group", **about)

    # -- the database ------------------------------------------------------------------------

    def _insert(self, table: str, **values: Any) -> int:
        statement = insert_statement(table, tuple(values))
        number = self._database.execute(statement, tuple(values.values())).lastrowid
        return number or 0

    def _one(self, query: str, *values: Any) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._database.execute(query, values).fetchone()
        return found

    def _place(self, post: int | None) -> Place | None:
        if post is None:
            return None
        found = self._one("SELECT kind, id FROM simnet_posts WHERE made = ?", post)
        return Place(*found) if found else None

    def _count(self, table: str, number: int, column: str, by: int) -> None:
        statement = f'UPDATE "{table}" SET {column} = {column} + ? WHERE {table}_id = ?'  # noqa: S608
        self._database.execute(statement, (by, number))

    def _trace(self, row: Row, user: int, action: str, **info: Any) -> None:
        """Add a row of `trace`; `event` makes its key unique where an act is repeated."""
        own = {name: row[name] for name in ("turn", "cue", "part") if row.get(name) is not None}
        info |= {"time_stamp": int(row["time"] // 60)} | ({"simnet": own} if own else {})
        text = json.dumps(info, ensure_ascii=False)
        self._insert("trace", user_id=user, created_at=self._at(row), action=action, info=text)

    def _at(self, row: Row) -> Any:
        return self._time(row["time"])

    def _time(self, time: float) -> Any:
        if self._clock == "minutes":
            return int(time // 60)
        return (_BEGINNING + timedelta(seconds=time)).strftime("%Y-%m-%d %H:%M:%S.%f")
