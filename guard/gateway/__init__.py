"""The gateway: an unmodified tool runs as a child whose only way out is a proxy of the guard."""
