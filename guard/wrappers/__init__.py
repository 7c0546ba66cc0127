"""The tools that Guard stands in for: what they are called, where the real ones are."""
