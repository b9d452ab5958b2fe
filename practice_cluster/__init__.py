"""A simulated Kubernetes API to try KubeOrch without a cluster: a process of its own, on loopback only.

Knows nothing of `app/`, runs nothing on the host. `docs/explanation/practice-cluster.md` says what is real.

- `objects`, `errors`: an object's JSON and times; answers that say no.
- `kinds`, `schema`, `defaults`, `validation`: which kinds there are and what their objects look like.
- `store`, `persistence`, `selectors`: the objects, their history, their watches; SQLite.
- `cluster`: create, update, delete. `merging`, `ownership`: patches and server-side apply.
- `server`, `protobuf`, `routing`, `watching`, `discovery`, `tables`, `reviews`, `metrics`: HTTP in and out.
- `websocket`, `shell`, `logs`, `programs`: what a container pretends to be.
- `controllers`: what makes objects move. `identity`, `first_objects`, `__main__`: a start.
"""
