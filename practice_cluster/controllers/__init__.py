"""What makes objects move: one function a kind, `(cluster, obj) → in how many seconds to look again, if at all`.

Each brings its object a step further, changing objects through `Cluster` as the real ones do. `loop` calls them.
"""
