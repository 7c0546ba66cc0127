"""Audits: what exists already is judged, an environment or a document that lists releases.

`distribution`, `recorded`, `lying` and `evidence` gather the facts about an environment;
`environment` and `documents` say what is to be judged, `scope` by which rules, `run` has it done.
"""
