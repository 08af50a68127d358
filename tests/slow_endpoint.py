"""A run that takes as long as a test wants, whichever processes it runs in: its model is slow."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from json_answers import JsonAnswers

TABLES = ("events", "exposures", "personas", "network")
"""What has to be equal however often the run was stopped."""
SCENARIO = """
from beside import GREETING
from simnet import Cohort, Scenario, Steps, sample

people = Cohort("people", sample(4), manner=GREETING, rhythm=Steps(60.0), reacts_in=30.0)
scenario = Scenario("slow", [people], lasts=60.0 * 120)
"""


def write_slow_scenario(folder):
    """Write `slow.py`: 120 steps, each of which waits for the model, and a module beside it."""
    (folder / "slow.py").write_text(SCENARIO)
    (folder / "beside.py").write_text('GREETING = "Be polite."\n')


class Handler(JsonAnswers, BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.server.delay)
        message = {"role": "assistant", "content": "write: Good morning to all of you."}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        self.send_json({"model": asked["model"], "choices": [choice], "usage": usage})

    def do_GET(self):
        self.send_json({"object": "list", "data": [{"id": "slow", "object": "model"}]})


class Endpoint(ThreadingHTTPServer):
    """An OpenAI-compatible model that takes `delay` wall seconds for a reply."""

    delay = 0.0

    @property
    def options(self):
        """The options of `simnet run` that name it."""
        url = f"http://127.0.0.1:{self.server_port}/v1"
        return ["--backend", "openai", "--base-url", url, "--model", "slow"]


@contextmanager
def slow_endpoint():
    """Serve until the context ends."""
    with Endpoint(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
