"""Lines that somebody types, or that come from a file or a pipe, read without blocking a loop."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable

_CHUNK = 65_536


async def given_lines(texts: Iterable[str]) -> AsyncIterator[str]:
    """Yield texts that are known already, without surrounding space; empty ones are left out."""
    for text in filter(None, map(str.strip, texts)):
        yield text


async def typed_lines(prompt: str) -> AsyncIterator[str]:
    """Yield lines of stdin without surrounding space, up to its end.

    At a terminal `prompt` is shown before each, and an empty line ends them too; elsewhere empty
    lines are left out. Waiting for a line can be cancelled, as by Ctrl-C.
    """
    typed, left = sys.stdin.isatty(), b""
    while True:
        if typed:
            sys.stderr.write(prompt)
            sys.stderr.flush()
        line, left = await _line(left)
        text = line.decode("utf-8", "replace").strip()
        if text:
            yield text
        elif typed or not line:
            if typed and not line:
                sys.stderr.write("\n")
            return


async def _line(left: bytes) -> tuple[bytes, bytes]:
    """Return the next line, empty at the end, and what was read after it."""
    while b"\n" not in left:
        chunk = await _chunk()
        if not chunk:
            return left, b""
        left += chunk
    line, _, rest = left.partition(b"\n")
    return line + b"\n", rest


async def _chunk() -> bytes:
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError):  # a text in place of stdin
        return sys.stdin.readline().encode("utf-8", "surrogateescape")
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except (OSError, NotImplementedError):  # a file, of which there is never anything to wait for
        return os.read(descriptor, _CHUNK)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _CHUNK)
