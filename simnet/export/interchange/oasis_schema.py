"""The tables of OASIS's SQLite database, as version 0.2 of `camel-oasis` has them.

Names and types of columns are those of OASIS, so that what reads its databases reads these. The
table `simnet_posts` is ours: it says which row each post of the run became.
"""

from collections.abc import Mapping
from types import MappingProxyType

_KEY = "INTEGER PRIMARY KEY AUTOINCREMENT"
_AT = "DATETIME"

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "user": {
            "user_id": _KEY, "agent_id": "INTEGER", "user_name": "TEXT", "name": "TEXT",
            "bio": "TEXT", "created_at": _AT, "num_followings": "INTEGER DEFAULT 0",
            "num_followers": "INTEGER DEFAULT 0",
        },
        "post": {
            "post_id": _KEY, "user_id": "INTEGER", "original_post_id": "INTEGER",
            "content": "TEXT DEFAULT ''", "quote_content": "TEXT", "created_at": _AT,
            "num_likes": "INTEGER DEFAULT 0", "num_dislikes": "INTEGER DEFAULT 0",
            "num_shares": "INTEGER DEFAULT 0", "num_reports": "INTEGER DEFAULT 0",
        },
        "comment": {
            "comment_id": _KEY, "post_id": "INTEGER", "user_id": "INTEGER", "content": "TEXT",
            "created_at": _AT, "num_likes": "INTEGER DEFAULT 0",
            "num_dislikes": "INTEGER DEFAULT 0",
        },
        "like": {"like_id": _KEY, "user_id": "INTEGER", "post_id": "INTEGER", "created_at": _AT},
        "dislike": {
            "dislike_id": _KEY, "user_id": "INTEGER", "post_id": "INTEGER", "created_at": _AT,
        },
        "comment_like": {
            "comment_like_id": _KEY, "user_id": "INTEGER", "comment_id": "INTEGER",
            "created_at": _AT,
        },
        "comment_dislike": {
            "comment_dislike_id": _KEY, "user_id": "INTEGER", "comment_id": "INTEGER",
            "created_at": _AT,
        },
        "follow": {
            "follow_id": _KEY, "follower_id": "INTEGER", "followee_id": "INTEGER",
            "created_at": _AT,
        },
        "mute": {
            "mute_id": _KEY, "muter_id": "INTEGER", "mutee_id": "INTEGER", "created_at": _AT,
        },
        "trace": {"user_id": "INTEGER", "created_at": _AT, "action": "TEXT", "info": "TEXT"},
        "rec": {"user_id": "INTEGER", "post_id": "INTEGER"},
        "report": {
            "report_id": _KEY, "user_id": "INTEGER", "post_id": "INTEGER",
            "report_reason": "TEXT", "created_at": _AT,
        },
        "product": {
            "product_id": "INTEGER PRIMARY KEY", "product_name": "TEXT",
            "sales": "INTEGER DEFAULT 0",
        },
        "chat_group": {"group_id": _KEY, "name": "TEXT NOT NULL", "created_at": _AT},
        "group_members": {
            "group_id": "INTEGER NOT NULL", "agent_id": "INTEGER NOT NULL", "joined_at": _AT,
        },
        "group_messages": {
            "message_id": _KEY, "group_id": "INTEGER NOT NULL", "sender_id": "INTEGER NOT NULL",
            "content": "TEXT NOT NULL", "sent_at": _AT,
        },
        "simnet_posts": {
            "made": "INTEGER PRIMARY KEY", "kind": "TEXT", "id": "INTEGER", "answers": "INTEGER",
        },
    }
)  # fmt: skip
"""Table -> column -> type."""
_KEYS = {
    "trace": "user_id, created_at, action, info",
    "rec": "user_id, post_id",
    "group_members": "group_id, agent_id",
}
"""Primary keys of several columns."""


def create_statements() -> list[str]:
    """Write the statements that create the tables."""
    statements = []
    for table, columns in TABLES.items():
        lines = [f"{name} {kind}" for name, kind in columns.items()]
        if table in _KEYS:
            lines.append(f"PRIMARY KEY ({_KEYS[table]})")
        statements.append(f'CREATE TABLE "{table}" ({", ".join(lines)})')
    return statements


def insert_statement(table: str, columns: tuple[str, ...]) -> str:
    """Write the statement that inserts one row."""
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    verb = "INSERT OR IGNORE" if table in {"rec", "group_members"} else "INSERT"
    return f'{verb} INTO "{table}" ({names}) VALUES ({marks})'
