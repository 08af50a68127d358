"""An S3 server with faults, run by the Python that has moto: see `make object-store-test`.

moto needs an older python-dateutil than the other tools of the tests do, so it has an environment
of its own. The line `PORT` is printed once the server listens. Faults are set by a request to
`/-/faults/KIND/COUNT`: so many of the next requests that write an object fail.
"""

import io
import sys
import time

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


class Faulty:
    def __init__(self, app):
        self._app = app
        self._kind, self._left = "", 0

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path.startswith("/-/faults/"):
            self._kind, count = path.split("/")[3:5]
            self._left = int(count)
            start_response("204 No Content", [])
            return [b""]
        if self._left and environ["REQUEST_METHOD"] in {"PUT", "POST"}:
            self._left -= 1
            return getattr(self, self._kind)(environ, start_response)
        return self._app(environ, start_response)

    def error(self, environ, start_response):
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("500 Internal Server Error", [("Content-Length", "0")])
        return [b""]

    def slow(self, environ, start_response):
        time.sleep(0.5)
        return self._app(environ, start_response)

    def truncated(self, environ, start_response):
        """Store a part of what was sent and say that all is well."""
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size)
        for name in [name for name in environ if "MD5" in name or "CHECKSUM" in name]:
            del environ[name]
        environ["wsgi.input"] = io.BytesIO(body[: size // 2])
        environ["CONTENT_LENGTH"] = str(size // 2)
        return self._app(environ, start_response)


if __name__ == "__main__":
    server = make_server(
        "127.0.0.1", 0, Faulty(DomainDispatcherApplication(create_backend_app)), threaded=True
    )
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()
