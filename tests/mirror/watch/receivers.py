"""Receivers on this machine: a web server that takes what is posted, and a mail server."""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass
class Posted:
    """What a web server was sent, and what it says."""

    url: str = ""
    status: int = 200
    location: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, number: int) -> None:
        """Wait until so much was posted."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.bodies) >= number, 60)


@contextlib.contextmanager
def a_web_server() -> Iterator[Posted]:
    posted = Posted()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with posted.came:
                posted.headers.append({k.lower(): v for k, v in self.headers.items()})
                posted.bodies.append(body)
                posted.came.notify_all()
            self.send_response(posted.status)
            if posted.location:
                self.send_header("location", posted.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        posted.url = f"http://127.0.0.1:{server.server_address[1]}/hook/of-a-chat"
        with _running(server):
            yield posted


@dataclass
class Mailed:
    """What a mail server was sent."""

    port: int = 0
    encrypts: bool = True
    dialogues: list[list[str]] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)


@contextlib.contextmanager
def a_mail_server(context: ssl.SSLContext | None) -> Iterator[Mailed]:
    """A mail server that speaks as much SMTP as a client needs: RFC-5321 and RFC-3207."""
    with _MailServer(context) as server, _running(server):
        yield server.mailed


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mailed = Mailed(port=int(self.server_address[1]))
        self.context = context

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that does not trust its certificate leaves


class _Conversation(socketserver.StreamRequestHandler):
    server: _MailServer
    secure = False

    def handle(self) -> None:
        said: list[str] = []
        self.server.mailed.dialogues.append(said)
        self._say("220 mail.example.com")
        while line := self.rfile.readline():
            said.append(line.decode().strip())
            if not self._answered(said[-1].split(" ")[0].upper()):
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _answered(self, word: str) -> bool:
        context, mailed = self.server.context, self.server.mailed
        if word == "EHLO":
            offered = [] if context is None or self.secure else ["250-STARTTLS"]
            self._say("250-mail.example.com", *offered, "250 AUTH PLAIN")
        elif word == "STARTTLS" and context is not None:
            self._say("220 go on")
            self.request = context.wrap_socket(self.request, server_side=True)
            self.rfile = self.request.makefile("rb")
            self.wfile = self.request.makefile("wb", buffering=0)
            self.secure = True
        elif word == "DATA":
            self._say("354 go on")
            mailed.messages.append(self._message())
            mailed.encrypted.append(self.secure)
            self._say("250 taken")
        else:
            self._say({"AUTH": "235 welcome", "QUIT": "221 bye"}.get(word, "250 ok"))
        return word != "QUIT"

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        return b"".join(lines)


@contextlib.contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
