"""What makes objects move: one class a controller, each changing objects through `Cluster` as the real ones do.

`loop` calls them; `all_controllers` says which there are.
"""
