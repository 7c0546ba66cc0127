"""Security advisories in the OSV format: records, what they affect, how severe that is.

Essential reading: the OSV schema (`affected`, "Evaluation"), CVSS v3.1 and v4.0.
"""
