"""Answers on their way out: documents, refusals, and of files only what was admitted."""

from __future__ import annotations

import os
import socket
import ssl
from typing import BinaryIO, Final

from guard.gateway.message import WHO, Answer, Document, Refusal, head
from guard.model import Admitted

_CHUNK: Final = 1 << 20


def send(
    connection: socket.socket,
    answer: Answer,
    *,
    body: bool = True,
    last: bool = False,
    tags: str = "",
) -> None:
    """Send `answer`; `tags` are those that the client has. Raises `OSError`."""
    match answer:
        case Document():
            _send_document(connection, answer, body=body, tags=tags)
        case Admitted():
            _send_file(connection, answer, body=body)
        case Refusal(status=status, reason=reason):
            said = f"{reason}\n".encode(errors="replace")
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
            headers += [("Content-Length", str(len(said)))]
            if status == WHO:
                headers.append(("Proxy-Authenticate", 'Basic realm="guard"'))
            if last:
                headers.append(("Connection", "close"))
            connection.sendall(head(status, reason, headers) + (said if body else b""))


def _send_document(connection: socket.socket, answer: Document, *, body: bool, tags: str) -> None:
    headers = [("ETag", answer.etag), ("Cache-Control", "no-cache"), ("Vary", "Accept")]
    if answer.etag in [tag.strip() for tag in tags.split(",")]:
        connection.sendall(head(304, "Not Modified", headers))
        return
    headers += [("Content-Type", answer.media_type), ("Content-Length", str(len(answer.content)))]
    connection.sendall(head(200, "OK", headers))
    if body:
        connection.sendall(answer.content)


def _send_file(connection: socket.socket, admitted: Admitted, *, body: bool) -> None:
    """Send the bytes of what was admitted; pip and uv hold them to the sha256 of the page again."""
    with admitted.path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", str(size)),
            ("ETag", f'"{admitted.sha256}"'),
            ("Cache-Control", "no-cache"),
        ]
        connection.sendall(head(200, "OK", headers))
        if not body:
            return
        if isinstance(connection, ssl.SSLSocket):
            _copy(connection, stream)
        else:
            connection.sendfile(stream)


def _copy(connection: ssl.SSLSocket, stream: BinaryIO) -> None:
    while chunk := stream.read(_CHUNK):
        connection.sendall(chunk)
