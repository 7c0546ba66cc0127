"""Calls one hook of a build backend (PEP 517). Run by the interpreter that builds, alone.

It runs on any Python that builds packages today. Argument, a JSON object: `hook`, `backend`,
`path` the folders of the source to import it from, `arguments`, and `result`, the file for what
the hook returns.
"""

import importlib
import json
import os
import sys


def main(job):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - any Python runs it
    """Call the hook in the working folder, which is the source's own."""
    sys.path[:0] = [os.path.join(os.getcwd(), folder) for folder in job["path"]]
    name, _, inner = job["backend"].partition(":")
    try:
        backend = importlib.import_module(name)
    except ImportError as error:
        sys.exit("the backend " + name + " cannot be imported: " + str(error))
    for attribute in filter(None, inner.split(".")):
        backend = getattr(backend, attribute)
    hook = getattr(backend, job["hook"], None)
    if hook is None and job["optional"]:
        returned = []  # PEP-517: what has no such hook needs nothing more
    elif hook is None:
        sys.exit("the backend " + job["backend"] + " has no " + job["hook"])
    else:
        returned = hook(*job["arguments"])
    with open(job["result"], "w", encoding="utf-8") as stream:
        json.dump({"return": returned}, stream)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))  # type: ignore[no-untyped-call]
