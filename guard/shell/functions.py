"""What stands in the block, in the words of each shell: the shims first on PATH, and functions.

The functions are there for virtual environments, which put their own folder before the shims. They
name the shims by path, so that a shim that is gone is an error and not another program.
"""

from __future__ import annotations

import enum
import shlex
import sys
from pathlib import Path
from typing import Final

from guard.errors import UsageError
from guard.wrappers.names import GENERAL, MODULES, PYTHONS, TOOLS


class Shell(enum.StrEnum):
    """The shells that are known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


_MODULES: Final = tuple(
    name for name in MODULES if not any(name != other and other in name for other in MODULES)
)
"""What `-m` is followed by; the functions look for a part, and leave the rest to the guard."""

_HEAD: Final = "# Written by `guard shell install`; `guard shell uninstall` takes it out again.\n"

_POSIX: Final = """\
_guard_shims={shims}
case "${{PATH-}}:" in
  "$_guard_shims":*) ;;
  *) PATH="$_guard_shims:${{PATH-}}"; export PATH ;;
esac
if [ -n "${{ZSH_VERSION-}}" ] || {{ [ -n "${{BASH_VERSION-}}" ] && ! shopt -qo posix; }}; then
  for _guard in {tools}; do
    eval "function $_guard {{ \\"\\$_guard_shims/$_guard\\" \\"\\$@\\"; }}"
  done
  for _guard in {pythons}; do
    eval "function $_guard {{ case \\" \\$* \\" in {asked})
      \\"\\$_guard_shims/{general}\\" $_guard \\"\\$@\\" ;;
      *) command $_guard \\"\\$@\\" ;; esac; }}"
  done
  unset _guard
fi
"""

_FISH: Final = """\
set -g _guard_shims {shims}
if test "$PATH[1]" != "$_guard_shims"
    set -gx PATH $_guard_shims $PATH
end
for _guard in {tools}
    eval "function $_guard; \\$_guard_shims/$_guard \\$argv; end"
end
for _guard in {pythons}
    set -l _guard_switch "switch \\" \\$argv \\"; case {asked}"
    set -l _guard_asked "\\$_guard_shims/{general} $_guard \\$argv; case '*'"
    eval "function $_guard; $_guard_switch; $_guard_asked; command $_guard \\$argv; end; end"
end
set -e _guard
"""

_POWERSHELL: Final = """\
$env:PATH = {shims} + [IO.Path]::PathSeparator + $env:PATH
function global:Invoke-WheelGuard {{
    if (-not (Test-Path -LiteralPath {python})) {{
        [Console]::Error.WriteLine('error: the guard is not there any more: ' + {python})
        $global:LASTEXITCODE = 70
    }} else {{
        & {python} -EP -m guard @args
    }}
}}
foreach ($name in {tools}) {{
    $body = [scriptblock]::Create("Invoke-WheelGuard $name @args")
    Set-Item -Path "function:global:$name" -Value $body
}}
foreach ($name in {pythons}) {{
    $body = [scriptblock]::Create(
        "if (`" `$args `" -match 'm ?({modules})') {{ Invoke-WheelGuard $name @args }} " +
        "else {{ & (Get-Command $name -CommandType Application)[0] @args }}")
    Set-Item -Path "function:global:$name" -Value $body
}}
"""


def body(shell: Shell, shims: Path) -> str:
    """Return the lines of the block for `shell`, every one with its end. Raises `UsageError`."""
    folder = str(shims)
    if not folder.isprintable() or (":" in folder and sys.platform != "win32"):
        raise UsageError(
            f"`{folder!r}` cannot be an entry of PATH",
            hint="name another folder in GUARD_STATE_DIR",
        )
    match shell:
        case Shell.BASH | Shell.ZSH:
            asked = "|".join(f"*m' {name}'*|*m{name}*" for name in _MODULES)
            words = _words(shlex.quote(folder), " ", asked)
            return _HEAD + _POSIX.format(**words)
        case Shell.FISH:
            asked = " ".join(f"'*m {name}*' '*m{name}*'" for name in _MODULES)
            return _HEAD + _FISH.format(**_words(_fish_quoted(folder), " ", asked))
        case Shell.POWERSHELL:
            return _HEAD + _powershell(folder)


def _words(shims: str, between: str, asked: str) -> dict[str, str]:
    tools, pythons = between.join(TOOLS), between.join(PYTHONS)
    return {
        "shims": shims, "tools": tools, "pythons": pythons, "general": GENERAL, "asked": asked,
    }  # fmt: skip


def _powershell(folder: str) -> str:
    return _POWERSHELL.format(
        shims=powershell_quoted(folder),
        python=powershell_quoted(sys.executable),
        tools=", ".join(map(powershell_quoted, TOOLS)),
        pythons=", ".join(map(powershell_quoted, PYTHONS)),
        modules="|".join(_MODULES),
    )


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def powershell_quoted(text: str) -> str:
    """Return `text` as PowerShell reads it literally."""
    return "'" + text.replace("'", "''") + "'"
