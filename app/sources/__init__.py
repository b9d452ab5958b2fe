"""Where imports and builds get their files: Git repositories and single files by URL. Knows no Compose, no workflow.

`urls.py` takes an address apart, `refs.py` settles which commit is meant (both pure); `lookup.py` asks a Git host for
its refs, `cloning.py` fetches one commit by the program git (`git_process.py`, with nothing of this machine's
configuration: `git_options.py`), in a folder that a later worker removes if this one dies (`workspaces.py`).
`fetching.py` gets one file. `credentials.py` keeps people's tokens for Git hosts. Errors: `errors.py`.
"""
