"""The migrations: `env.py` is what Alembic runs them with, `versions` are the steps."""
