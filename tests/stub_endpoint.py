"""A tiny OpenAI-compatible server for tests: it does what its script says, or echoes."""

import asyncio
import json


class StubEndpoint:
    """Answers chat completions; `script(number, body)` may return (status, headers, text)."""

    def __init__(self, script=None, *, models=("tiny",), owner="stub"):
        self._script = script or (lambda number, body: None)
        self._models = models
        self._owner = owner
        self._connections = set()
        self.asked = []
        self.busy = self.most = 0
        self.url = ""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *error):
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        body = json.loads(await reader.readexactly(int(length))) if length else None
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            status, headers, text = await self._answer(body)
        finally:
            self.busy -= 1
        payload = text.encode()
        told = {"content-type": "application/json", **headers, "content-length": len(payload)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {status} Told\r\n{lines}\r\n".encode() + payload)
        await writer.drain()
        return True

    async def _answer(self, body):
        if body is None:
            listed = [{"id": n, "object": "model", "created": 0, "owned_by": self._owner}
                      for n in self._models]  # fmt: skip
            return 200, {}, json.dumps({"object": "list", "data": listed})
        self.asked.append(body)
        told = self._script(len(self.asked), body)
        if asyncio.iscoroutine(told):
            told = await told
        return told or (200, {}, reply(body["messages"][-1]["content"]))


def reply(text, finish="stop", **choice):
    """The body of a chat completion."""
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "tiny",
            "choices": [{"index": 0, "message": message, "finish_reason": finish, **choice}],
            "usage": {
                "prompt_tokens": 20,
                "completion_tokens": 3,
                "total_tokens": 23,
                "prompt_tokens_details": {"cached_tokens": 16},
            },
        }
    )
