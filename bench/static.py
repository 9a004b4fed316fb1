"""A static file server for comparison where nginx is missing: Python's own, kept alive, silent, without Nagle's delay.

`python -m bench.static FOLDER PORT`.
"""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from bench.wire import HOST


class Handler(SimpleHTTPRequestHandler):
    """As fast as it goes without writing another server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and a small body leave together

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name is the parent's
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Server((HOST, int(sys.argv[2])), partial(Handler, directory=sys.argv[1])).serve_forever()
