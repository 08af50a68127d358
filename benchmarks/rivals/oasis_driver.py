"""OASIS: its Reddit, whose agents refresh, decide by a tool call and act; run in its environment.

The model is camel's own stub model, made to answer with tool calls, in the same process.
"""

import asyncio
import json
import logging
import re
import sqlite3
import time
from pathlib import Path

import society


def instant(meter: society.Meter) -> object:
    """Return a model that answers at once with a call of one of the tools."""
    from camel.models.stub_model import StubModel  # noqa: PLC0415
    from camel.types import ChatCompletion, ModelType  # noqa: PLC0415

    tools = dict(
        zip(
            society.ACTIONS,
            ("create_post", "create_comment", "like_post", "repost", "do_nothing"),
            strict=True,
        )
    )

    class Instant(StubModel):
        async def _arun(self, messages: list, *_: object, **__: object) -> ChatCompletion:
            seen = str(messages[-1]["content"])
            number = meter.call("".join(str(one.get("content")) for one in messages))
            verb = society.action(number)
            posts = re.findall(r'"post_id": (\d+)', seen)
            words = {"post_id": int(posts[number % len(posts)])} if posts else {}
            if verb == "pass" or (verb != "write" and not posts):
                verb, words = "pass", {}
            elif verb in {"write", "reply"}:
                words = {"content": society.TEXT} | (words if verb == "reply" else {})
            call = {"name": tools[verb], "arguments": json.dumps(words)}
            call = {"id": f"call{number}", "type": "function", "function": call}
            message = {"role": "assistant", "content": "", "tool_calls": [call]}
            choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
            answer = {"id": str(number), "model": "instant", "object": "chat.completion"}
            return ChatCompletion(**answer, created=int(time.time()), choices=[choice])

    return Instant(ModelType.STUB)


def profiles(people: int, folder: Path) -> Path:
    """Write the file of people that OASIS reads."""
    more = {"mbti": "INTP", "gender": "female", "age": 60, "country": "UK"}
    rows = [
        {"username": f"person{n}", "bio": society.PERSONA, "persona": society.PERSONA, **more}
        for n in range(people)
    ]
    path = folder / "profiles.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


async def play(size: society.Size, folder: Path, meter: society.Meter) -> Path:
    """Play the rounds; return the database."""
    import oasis  # noqa: PLC0415  # writes its log into the folder of work when it is imported
    from oasis import ActionType, LLMAction, ManualAction  # noqa: PLC0415

    verbs = ("CREATE_POST", "CREATE_COMMENT", "LIKE_POST", "REPOST", "DO_NOTHING")
    graph = await oasis.generate_reddit_agent_graph(
        profile_path=str(profiles(size.people, folder)),
        model=instant(meter),
        available_actions=[ActionType[verb] for verb in verbs],
    )
    database = folder / "oasis.db"
    platform = oasis.Platform(
        db_path=str(database),
        channel=None,
        recsys_type="reddit",
        allow_self_rating=True,
        show_score=True,
        max_rec_post_len=100,
        refresh_rec_post_count=size.seen,
    )
    env = oasis.make(agent_graph=graph, platform=platform, database_path=str(database))
    await env.reset()
    agents = [agent for _, agent in env.agent_graph.get_agents()]
    post = {"content": society.FIRST_POST}
    first = ManualAction(action_type=ActionType.CREATE_POST, action_args=post)
    await env.step(dict.fromkeys(agents[: size.authors], first))
    with meter.measured():
        for _ in range(size.rounds):
            await env.step({agent: LLMAction() for agent in agents})
    await env.close()
    return database


def main() -> None:
    size, out, _ = society.arguments(__doc__)
    meter = society.Meter()
    with society.scratch() as folder:
        (folder / "log").mkdir()
        database = asyncio.run(play(size, folder, meter))
        with sqlite3.connect(database) as connection:
            counted = "SELECT count(*) FROM trace WHERE action NOT IN ('sign_up', 'refresh')"
            (rows,) = connection.execute(counted).fetchone()
        logging.disable()
        society.report(
            out,
            size,
            meter,
            recorded=rows - size.authors,
            bytes=society.bytes_in(folder),
        )


if __name__ == "__main__":
    main()
