"""The people of a mirror: who they are, what they ask for, and what they approve."""
