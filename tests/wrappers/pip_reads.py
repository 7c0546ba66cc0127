"""What pip itself makes of a command line: a program whose first argument is where pip is.

Reads a JSON list of words a line, answers with a JSON document a line. Pip's own parsers do the
reading; their options are recorded instead of being carried out.
"""

from __future__ import annotations

import contextlib
import io
import json
import optparse
import os
import sys
from typing import Any


class _ShownError(Exception):
    """Pip would print something and end."""


class _Recording:
    """Pip's parsers, and what they have read."""

    def __init__(self) -> None:
        self.options: list[list[str | None]] = []
        self.at_command = False
        recording = self

        def process(option: Any, name: str, value: str | None, values: Any, parser: Any) -> None:
            recording.record(option, value)

        setattr(optparse.Option, "process", process)  # noqa: B010 - pip's options are read only

    def record(self, option: Any, value: str | None) -> None:
        if option.action == "help" or (option.dest == "version" and not self.at_command):
            raise _ShownError
        self.options.append([option.get_opt_string(), value])

    def read(self, words: list[str]) -> dict[str, Any]:
        from pip._internal.cli.main_parser import parse_command  # noqa: PLC0415 - it is named late
        from pip._internal.commands import create_command  # noqa: PLC0415
        from pip._internal.exceptions import PipError  # noqa: PLC0415

        self.at_command = False
        try:
            command, rest = parse_command(words)
            self.options, self.at_command = [], True
            _, positionals = create_command(command).parser.parse_args(rest)
        except _ShownError:
            return {"shown": True}
        except SystemExit as ended:
            return {"error": "usage"} if ended.code else {"shown": True}
        except PipError as error:
            return {"error": type(error).__name__}
        return {"command": command, "options": self.options, "positionals": positionals}


def _tables() -> dict[str, Any]:
    """Every option of every command: its names, whether it takes a value, whether it is hidden."""
    from pip._internal.cli.main_parser import create_main_parser  # noqa: PLC0415 - as above
    from pip._internal.commands import commands_dict, create_command  # noqa: PLC0415

    parsers = {name: create_command(name).parser for name in commands_dict}
    return {
        "options": {
            name: [
                [o._short_opts + o._long_opts, o.takes_value(), o.help == optparse.SUPPRESS_HELP]
                for o in parser.option_list_all
            ]
            for name, parser in {"": create_main_parser(), **parsers}.items()
        }
    }


def main() -> None:
    os.environ["PIP_CONFIG_FILE"] = os.devnull
    sys.path.insert(0, sys.argv[1])
    recording, out = _Recording(), sys.stdout
    for line in sys.stdin:
        words = json.loads(line)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            answer = _tables() if words is None else recording.read(words)
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
