"""How uvicorn is set up: limits on what one client may cost, and no word about itself."""

from __future__ import annotations

from typing import Any

import uvicorn

from guard.mirror.server.asgi import App
from guard.mirror.server.protocol import Bounded


def configured(app: App, host: str, port: int, **more: Any) -> uvicorn.Config:  # noqa: ANN401 - uvicorn's
    """Return the configuration of a server of `app`.

    Where `app` can answer some requests at once, it is asked to.
    """
    immediate = getattr(app, "immediate", None)
    http = type("Http", (Bounded,), {"immediate": immediate})
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=http,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        limit_concurrency=2000,
        lifespan="off",
        **more,
    )
