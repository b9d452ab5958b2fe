"""Imports: a Compose file, manifests or a repository → an analysis → nodes of a workflow.

- `models.py`: bodies and answers; `views.py`: a session as people see it
- `store.py`: sessions and the files that an analysis read
- `parts.py`: the files of an upload; `kept_files.py`: sealed, for other options
- `analysis.py`: files → analysis, by `app/compose/`; `existing.py`: whose names it avoids
- `image_facts.py`: what registries tell of the images, around an analysis
- `sessions.py`: what people do with sessions; `asking.py`, `analyses.py`: asking and waiting
- `jobs.py`: the analysis of a URL as a job; `progress.py`: what it tells; `failures.py`: how it failed
- `events.py`, `stream.py`: what viewers get
- `placing.py`: an analysis becomes a workflow, or a part of one
- `values.py`: the values of imported secrets
- `routes.py`, `session_routes.py`: HTTP
"""
