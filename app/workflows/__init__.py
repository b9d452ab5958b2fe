"""The graph, its versions, runs and live states.

Request side: `routes.py`, `run_routes.py`, `stream.py` → `service.py`, `runs.py`, `versions.py` → the stores.
Request side: `routes.py`, `run_routes.py`, `stream.py` → `service.py`, `runs.py`, `versions.py` → stores.
it), `cleanup.py` removes what no graph has any more.
Watcher side: `live.py` turns watch events into node states.
Stores, one a collection: `store.py`, `run_store.py`, `version_store.py`, `state_store.py`, `inventory.py`.
"""
