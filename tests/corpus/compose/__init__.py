"""A folder a Compose project, written for these tests.

`case.yaml` is optional: `names` (which files, in order), `env`, `profiles`, `options` (as `cases.py` reads them),
`oracle` (why Compose refuses it or sees it otherwise). `expected.json` is the graph and the findings that it must
become: `python -m tests.corpus.compose.regenerate` writes them, and what it writes is read before it is committed.
"""
