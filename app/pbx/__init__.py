"""The wire to the PBX: what it posts, what it answers, and a PBX of our own to talk to.

Pure: no web framework, no database, nothing of the application outside this package.
"""
