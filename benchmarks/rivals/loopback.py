"""A server with the interface of OpenAI's chat on this machine that answers at once.

For rivals whose agents live in processes of their own, which no stub in the driver reaches. It
is a process of its own too, so its CPU time is known and can be taken off.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psutil
import society

CALL = {
    "memories": [{"type": "event", "importance": 0.3, "keywords": ["bus"], "text": society.TEXT}]
}

CODER = "coder"
"""The model that answers with code."""
CODE = "```python\nresults['status'] = 'success'\n```"


class Server(NamedTuple):
    """A server that runs."""

    url: str
    process: psutil.Process

    def cpu_s(self) -> float:
        """Return the CPU seconds that it has used."""
        return society.cpu_seconds(self.process)


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server in a process of its own until the block ends."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            yield Server(f"http://127.0.0.1:{port}/v1", psutil.Process(server.pid))
        finally:
            server.terminate()


def answer(request: dict) -> dict:
    """Return the answer to a request: a call of the tool `finish` if it is there, text or code."""
    tools = [one["function"]["name"] for one in request.get("tools") or []]
    model = request.get("model", "instant")
    message = {"role": "assistant", "content": CODE if model == CODER else society.ANSWER}
    if "finish" in tools:
        call = {"name": "finish", "arguments": json.dumps(CALL)}
        message = {"role": "assistant", "content": None}
        message["tool_calls"] = [{"id": "call", "type": "function", "function": call}]
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {
        "id": "instant",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = await reader.readexactly(length)
            sent = json.dumps(answer(json.loads(body) if body else {})).encode()
            kind = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            writer.write(kind + b"Content-Length: %d\r\n\r\n" % len(sent) + sent)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client has closed the connection
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
