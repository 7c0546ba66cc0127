"""Every option of a tool that is made with argparse: run by the Python that has it.

The first argument is the module that starts it; its parser is described instead of being used.
"""

from __future__ import annotations

import argparse
import json
import runpy
import sys
from typing import Any, NoReturn

Tables = dict[str, dict[str, bool]]


def _described(parser: argparse.ArgumentParser, path: str, found: Tables) -> Tables:
    found[path] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                _described(command, f"{path} {name}".strip(), found)
        found[path] |= dict.fromkeys(action.option_strings, action.nargs != 0)
    return found


def main() -> None:
    def parse_args(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        sys.stdout.write(json.dumps(_described(parser, "", {})))
        sys.exit()

    setattr(argparse.ArgumentParser, "parse_args", parse_args)  # noqa: B010 - it is only described
    module = sys.argv[1]
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
