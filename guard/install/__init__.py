"""The real installers: each resolves a request to a plan, and applies what was admitted."""
