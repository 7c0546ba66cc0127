"""`guard mirror worker`: do the jobs that wait, until told to stop."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from guard.cli.exit import ExitCode
from guard.cli.mirror_parts import opened, settings_of
from guard.mirror.handlers import handlers
from guard.mirror.queue import open_queue
from guard.mirror.server.app import watching
from guard.mirror.worker import Worker


def run(arguments: argparse.Namespace) -> int:
    """Work; the jobs that have begun when it is told to stop are finished first."""
    level = logging.WARNING if arguments.quiet else logging.INFO
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with opened(settings_of(arguments)) as own, watching(own):
        queue = open_queue(own.mirror)
        queue.prepare()
        worker = Worker(
            mirror=own.mirror, queue=queue, handlers=handlers(own), threads=arguments.concurrency
        )
        if not arguments.quiet:
            sys.stderr.write("waiting for jobs\n")
        worker.run(stop)
    return ExitCode.OK
