"""What pip itself makes of a command line: run by a Python whose first argument is where pip is.

Reads one JSON list of words a line, answers with one JSON document a line. Pip's own parsers do the
reading; their options are recorded instead of being carried out.
"""

import contextlib
import io
import json
import optparse
import os
import sys

if __name__ == "__main__":
    os.environ["PIP_CONFIG_FILE"] = os.devnull
    sys.path.insert(0, sys.argv[1])

    from pip._internal.cli.main_parser import create_main_parser, parse_command
    from pip._internal.commands import commands_dict, create_command
    from pip._internal.exceptions import PipError

    class Shown(Exception):
        pass

    recorded = []
    stage = ["main"]

    def process(option, opt, value, values, parser):
        if option.action == "help" or (stage[0] == "main" and option.dest == "version"):
            raise Shown
        recorded.append([option.get_opt_string(), value])

    def described(parser):
        return [
            [o._short_opts + o._long_opts, o.takes_value(), o.help == optparse.SUPPRESS_HELP]
            for o in parser.option_list_all
        ]

    def answer(words):
        if words is None:
            tables = {name: described(create_command(name).parser) for name in commands_dict}
            return {"options": {"": described(create_main_parser()), **tables}}
        recorded.clear()
        stage[0] = "main"
        try:
            command, rest = parse_command(list(words))
            recorded.clear()
            stage[0] = "command"
            _, positionals = create_command(command).parser.parse_args(rest)
        except Shown:
            return {"shown": True}
        except SystemExit as ended:
            return {"error": "usage"} if ended.code else {"shown": True}
        except PipError as error:
            return {"error": type(error).__name__}
        return {"command": command, "options": list(recorded), "positionals": positionals}

    optparse.Option.process = process
    out = sys.stdout
    for line in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            said = answer(json.loads(line))
        out.write(json.dumps(said) + "\n")
        out.flush()
