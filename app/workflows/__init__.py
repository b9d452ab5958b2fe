"""The graph, its versions, runs and live states.

Request side: `routes.py`, `run_routes.py`, `stream.py` → `service.py`, `runs.py`, `versions.py` → the stores.
Worker side: `deploy.py` carries a run out (`plan.py` says what, `node_apply.py` applies, `patience.py` waits for a
cluster that is away, `progress.py` tells, `run_end.py` ends it); `cleanups.py`, `cleaner.py` remove what no graph has.
Watcher side: `live.py` turns watch events into node states.
Stores, one a collection: `store.py`, `run_store.py`, `version_store.py`, `state_store.py`, `inventory.py`.
"""
