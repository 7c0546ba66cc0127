"""All doors, and the table of them in the documentation."""

from __future__ import annotations

from typing import Final

from tests.e2e.doors import of_pip, of_uv, of_uv_pip

DOORS: Final = (*of_pip.DOORS, *of_uv_pip.DOORS, *of_uv.DOORS)
