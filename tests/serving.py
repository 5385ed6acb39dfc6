"""Serves WSGI applications over real HTTP on free ports, for tests that must go through a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: tests look at answers, not at access logs."""


def open_server() -> BaseWSGIServer:
    """Return a server on a free port whose application is set later (`.app`): its address is known first."""
    return make_server("127.0.0.1", 0, Flask("nothing yet"), threaded=True, request_handler=_Quiet)


def address(server: BaseWSGIServer) -> str:
    """Return the server's address."""
    return f"http://127.0.0.1:{server.server_port}"


@contextmanager
def running(*servers: BaseWSGIServer) -> Iterator[None]:
    """Run the servers in threads until the end of the block."""
    threads = [Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
