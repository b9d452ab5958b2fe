"""Node data → Kubernetes objects. Pure: nothing here speaks to a cluster or a store.

- `graph.py`      nodes and edges as the canvas sends them
- `labels.py`     the names shared with the cluster: labels, annotations, field manager
- `catalogue.py`  the node types of `templates/`: what they take, what `GET /templates` answers
- `templating.py` a template and its values → objects; no value can leave its place
- `formats.py`, `names.py`, `syntax.py`  readers of single values, as people type them
- `structures.py`, `workload_fields.py`, `network_fields.py`  readers of lists and mappings
- `problems.py`   where something is wrong
- `fields.py`     a node's data → checked values, all problems collected
- `shapes.py`     what a template needs beside the fields; checks of more than one field
- `pods.py`, `volumes.py`, `data_folders.py`  the pod that the five workloads share
- `render.py`     one node → its objects
- `routes.py`, `answers.py`  `GET /templates`
- `reference.py`  writes the page of node types
- `pod_template.py`, `jobs.py`, `scaling.py`  what a deployer asks of a rendered object
"""
