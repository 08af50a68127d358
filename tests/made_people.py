"""People for tests: they join a run through its socket and answer by a script."""

import asyncio
from contextlib import suppress
from pathlib import Path

from waiting import until

from simnet import arun
from simnet.joining.client import JoinClient
from simnet.joining.protocol import JOIN_FILE, read_join_file


async def listening(root):
    """Return the directory of the one run in `root` once it listens."""
    return (await until(lambda: list(Path(root).glob(f"*/{JOIN_FILE}"))))[0].parent


async def joined(root, handle="ann"):
    """Join the one run in `root`."""
    folder = await listening(root)
    return await JoinClient.open(read_join_file(folder), handle)


async def next_of(client, *types):
    """Return the next message of one of these types; None at the end of the connection."""
    while (message := await client.receive()) is not None:
        if message["type"] in types:
            return message
    return None


async def answering(client, answers):
    """Answer a view after the other; return all messages that came, the last of a turn or a run.

    An answer is a text, or texts of which all but the last are refused.
    """
    messages = []
    for answer in answers:
        messages.append(await next_of(client, "view", "ended"))
        if messages[-1] is None or messages[-1]["type"] == "ended":
            break
        for text in [answer] if isinstance(answer, str) else answer:
            client.act(messages[0]["turn"] if not messages else _turn(messages), text)
            messages.append(await next_of(client, "taken", "refused", "ended"))
    return messages


def _turn(messages):
    return next(one["turn"] for one in reversed(messages) if one["type"] == "view")


async def played(scenario, root, answers, *, handle="ann", leaves=True, **options):
    """Run a scenario while a person answers; return the run and the person's messages."""
    options = {"humans": [handle], "human_deadline": 600.0, **options}
    running = asyncio.create_task(arun(scenario, out=root, **options))
    try:
        client = await joined(root, handle)
        messages = await answering(client, answers)
        await client.close(leaves=leaves)
        return await running, messages
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
