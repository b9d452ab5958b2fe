"""Leases, beats, fences, claims, cancel, attempts, over any collection. Knows no domain.

- `leases.py`    who may act: claim, renew, release; a lease has no time in it
- `observer.py`  frees the lease of an owner that stands still
- `store.py`     the writes of a job's life, for any collection: take, record, end, hand back, cancel
- `waiting.py`   which jobs wait for an owner, and which of them is next
- `kinds.py`     what a domain supplies so that its documents are jobs
- `job.py`       one claimed job in the hands of its owner: progress, and when to stop
- `claimed.py`   claiming, working off, cancelling
- `doorbell.py`  telling the workers that there is work
- `queues.py`    the broker's queues: their names, how many messages wait
- `ringer.py`    ringing again for what waits
- `slots.py`     what is due at a time, once, whatever number of schedulers there is
"""
