"""The watching process (`python -m workers.watcher`).

__main__.py  starts it
shards.py    which clusters this process watches: leases, fair shares
shard.py     one cluster: its loops, their events one after the other through one thread
kinds.py     what is watched
reading.py   evidence about pods in trouble, read beside the loops
"""
