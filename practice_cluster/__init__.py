"""A simulated Kubernetes API to try KubeOrch without a cluster: a process of its own, on loopback only.

Knows nothing of `app/`, runs nothing on the host. `docs/explanation/practice-cluster.md` says what is real.

- `objects`, `errors`: an object's JSON and times; answers that say no.
- `kinds` (by `kinds.yaml`), `admission`: which kinds there are, what is filled in and refused.
- `store`, `persistence`: the objects, their history, their watches; SQLite.
- `cluster`: create, update, delete. `patches`, `ownership`: patches and server-side apply.
- `server`, `protobuf`, `routing`, `watching`, `selectors`, `discovery`, `tables`, `metrics`: HTTP in and out.
- `containers`, `shell`, `programs`, `surroundings`: what a container pretends to be.
- `controllers`: what makes objects move. `identity`, `__main__`: a start.
"""
