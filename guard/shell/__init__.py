"""What makes a shell go through the guard: shims on PATH, functions in its startup files."""
