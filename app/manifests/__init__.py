"""Node data → Kubernetes objects. Pure: nothing here speaks to a cluster or a store.

- `graph.py`      nodes and edges as the canvas sends them
- `labels.py`     the names shared with the cluster: labels, annotations, field manager
- `catalogue.py`  the node types of `templates/`: what they take, what `GET /templates` answers
- `templating.py` a template and its values → objects; no value can leave its place
- `formats.py`, `structures.py`, `network.py`  one reader a format: names, quantities, mounts, probes, rules, ...
- `fields.py`     a node's data, as typed by people → checked values, all problems collected
- `pods.py`       the pod that the five workloads share: containers, volumes, environment
- `render.py`     one node → its objects
- `pod_template.py`, `jobs.py`  what a deployer asks of a rendered object
"""
