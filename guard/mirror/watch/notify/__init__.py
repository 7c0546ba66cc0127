"""People are told: by webhook and by mail."""
