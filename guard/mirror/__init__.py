"""The pre-approved mirror: an index that has only what the policy admits."""
