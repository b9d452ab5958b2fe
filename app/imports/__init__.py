"""Imports: a Compose file, manifests or a repository → an analysis → nodes of a workflow.

- `models.py`: bodies and answers; `views.py`: a session as people see it
- `store.py`: sessions and the files that an analysis read
- `parts.py`: the files of an upload; `analysis.py`: files → analysis, by `app/compose/`
- `sessions.py`: what people do with sessions; `asking.py`: asking for an analysis and waiting for it
- `jobs.py`: the analysis of a repository as a job; `progress.py`: what it tells; `folders.py`: where clones lie
- `events.py`, `stream.py`: what viewers get
- `placing.py`: an analysis becomes a workflow, or a part of one
- `values.py`: the values of imported secrets
- `routes.py`, `session_routes.py`: HTTP
"""
