"""An HTTP/1.1 server on 127.0.0.1 that can break its word, byte by byte, and stops at once."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.faults import Answer, Delivery, Seen

_CHUNK = 65_536
_BODILESS = {204, 304}


class LoopbackServer(socketserver.ThreadingTCPServer):
    """Answers each request with what `respond` makes of it, one thread to a connection."""

    request_queue_size = 128  # an installer opens its connections all at once

    def __init__(self, respond: Callable[[Seen], Answer]) -> None:
        self.respond = respond
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        # A short poll: it bounds how long a test waits for the server to stop.
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, name="loopback"
        )
        super().__init__(("127.0.0.1", 0), _Connection)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve from another thread, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection, however busy, and return when every thread has ended."""
        self.shutdown()
        with self._open_lock:
            for connection in self._open:
                # The client may have gone first.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        # Without the farewell that the base class sends first: it would hide a reset.
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that leaves early is what some tests are about; anything else is a mistake.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each small answer waits for a delayed acknowledgement
    server: LoopbackServer

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.respond(Seen(self.command, self.path, headers))
        self._send_head(answer)
        if self.command != "HEAD" and answer.status not in _BODILESS:
            self._send_body(answer)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Stay quiet: pytest shows what a test prints, and a server has nothing to say."""

    def _send_head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.delivery is Delivery.ENDLESS:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.status not in _BODILESS:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()

    def _send_body(self, answer: Answer) -> None:
        match answer.delivery:
            case Delivery.WHOLE:
                self.wfile.write(answer.body)
            case Delivery.SHORT:
                self.wfile.write(answer.body[: answer.limit])
                self.close_connection = True
            case Delivery.RESET:
                self.wfile.write(answer.body[: answer.limit])
                self.close_connection = True
                # Lingering for no time at all is how a socket asks for a reset.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            case Delivery.ENDLESS:
                self._send_on_and_on(answer)
                self.close_connection = True

    def _send_on_and_on(self, answer: Answer) -> None:
        body = answer.body or b"\0"
        chunk = (body * (_CHUNK // len(body) + 1))[: min(_CHUNK, answer.limit)]
        framed = b"%x\r\n%b\r\n" % (len(chunk), chunk)
        for _ in itertools.repeat(None, answer.limit // len(chunk)):
            self.wfile.write(framed)
