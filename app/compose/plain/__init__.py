"""Plain Kubernetes manifests → nodes and edges of the canvas. Pure.

- `objects.py`: documents → objects, without what a cluster adds
- `board.py`: what the steps share: each object with the node that it becomes
- `workloads.py`, `containers.py`, `environment.py`, `mounts.py`: what runs pods
- `networks.py`: Services, Ingresses and policies
- `holdings.py`: configmaps, secrets, claims, autoscalers
- `joining.py`: edges, from selectors and references
- `differences.py`, `defaults.py`: what applying the nodes would not give: a finding each
- `views.py`: a workload as an import's answer lists services
- `reading.py`: all of that in its order
"""
