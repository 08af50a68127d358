"""What small HTTP servers of tests have in common."""

import json


class JsonAnswers:
    """Lets a request handler answer with JSON, and say nothing of it."""

    def send_json(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing."""
