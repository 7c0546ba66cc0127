"""How bytes travel: requests' sessions over one TLS context, and what their errors mean in words.

Imported when the first address is asked for: requests costs 80 ms, and a resolver is busy
meanwhile.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

ERRORS: Final = (requests.RequestException, HTTPError, OSError, ValueError)
"""All that a request, or reading its body, may raise."""


def open_session(
    *, ca_bundle: str | None, proxy: str | None, user_agent: str, pooled: int
) -> requests.Session:
    """Return a session with pooled connections. Raises `OSError` for bad certificates."""
    session = requests.Session()
    session.headers["User-Agent"] = user_agent
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}
    adapter = _Adapter(_trust(ca_bundle), pooled)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session


def reason(error: Exception) -> str:
    """Say in one line why, in words without addresses, objects and so without credentials."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {cause.reason or cause}"
        if isinstance(cause, OSError) and cause.strerror and not hasattr(cause, "request"):
            return cause.strerror
        inner = cause.__cause__ or cause.__context__
        args = [arg for arg in getattr(cause, "args", ()) if isinstance(arg, BaseException)]
        nested = getattr(cause, "reason", None)
        cause = nested if isinstance(nested, BaseException) else (args[0] if args else inner)
    return {
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "ReadTimeoutError": "no answer in time",
        "IncompleteRead": "the connection broke off",
        "RemoteDisconnected": "the connection was closed without an answer",
    }.get(type(error).__name__, type(error).__name__)


class _Adapter(HTTPAdapter):
    """Connections that all share one TLS context: making one costs 20 ms."""

    def __init__(self, context: ssl.SSLContext, pooled: int) -> None:
        self._context = context
        super().__init__(pool_connections=8, pool_maxsize=pooled, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Make the pool with the shared context."""
        shared: dict[str, Any] = {**kwargs, "ssl_context": self._context}
        super().init_poolmanager(*args, **shared)

    def proxy_manager_for(self, proxy: str, **kwargs: object) -> object:
        """Make the pool behind `proxy` with the shared context."""
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        _: object,
        cert: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Leave out the bundle of REQUESTS_CA_BUNDLE, which each connection would read again."""
        return super().build_connection_pool_key_attributes(request, True, cert)  # noqa: FBT003

    def cert_verify(self, *_: object) -> None:
        """Leave the context's own certificates in place."""


def _trust(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a context that trusts `ca_bundle`; without one, the system's store and certifi's."""
    if ca_bundle:
        if Path(ca_bundle).is_dir():
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context
