"""An OpenID Connect issuer on loopback, which keeps to the rules unless a test says otherwise."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey


@dataclass
class FakeIssuer:
    """Signs what it is told, for whoever asks."""

    claims: dict[str, Any] = field(default_factory=dict)
    """What it says of whoever logs in."""

    wrong: dict[str, Any] = field(default_factory=dict)
    """Answers in the place of the right ones, by path."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer._answer(self, b"")

            def do_POST(self) -> None:
                issuer._answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def token(self, now: float, key: Any = None, alg: str = "ES256", **claims: Any) -> str:
        """An identity token; a claim that is None is left out."""
        said = {"iss": self.url, "sub": "somebody", "iat": int(now), "exp": int(now) + 300}
        whole = {name: value for name, value in (said | claims).items() if value is not None}
        return jwt.encode({"alg": alg, "kid": "one"}, whole, key or self.key, algorithms=[alg])

    def new_key(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        parts = urlsplit(request.path)
        self.asked.append(parts.path)
        status, said = 200, self.wrong.get(parts.path)
        if said is None:
            match parts.path:
                case "/.well-known/openid-configuration":
                    said = self._configuration()
                case "/keys":
                    said = KeySet([self.key]).as_dict(private=False)
                case "/authorize":
                    self._authorize(request, parse_qs(parts.query))
                    return
                case "/token":
                    status, said = self._token(parse_qs(body.decode()))
                case _:
                    status, said = 404, {}
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
        }

    def _authorize(self, request: BaseHTTPRequestHandler, query: dict[str, list[str]]) -> None:
        asked = {name: values[0] for name, values in query.items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        request.send_response(302)
        request.send_header("Location", f"{asked['redirect_uri']}?{back}")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _token(self, given: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        asked = self._codes.pop(given["code"][0], None)
        verifier = hashlib.sha256(given["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        claims = {"aud": asked["client_id"], "nonce": asked["nonce"]} | self.claims
        now = claims.pop("now")
        return 200, {
            "token_type": "Bearer",
            "access_token": "x",
            "id_token": self.token(now, **claims),
        }


def shared_secret() -> OctKey:
    return OctKey.generate_key(256, {"kid": "one"})
