"""Projects of one's own, uploaded to the mirror as twine and `uv publish` upload to PyPI."""
