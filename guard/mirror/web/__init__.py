"""The mirror's web page and its JSON API: for people who would rather look than read."""
