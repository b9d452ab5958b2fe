"""Starts every part on one machine and keeps it running: `make demo`, `make run`.

Knows the product only by its start commands, its settings and its HTTP surface; nothing imports it but tests.

__main__.py    python -m launcher run|demo
start.py       one start, from the checks to the last part's end
parts.py       which processes there are: commands, environments, ports
supervisor.py  starts, watches and stops them
processes.py   one process group: start, end, leave nothing behind
child.py       between fork and exec: die when the launcher dies
guardian.py    ends what is left when the launcher was killed
embedded.py    the MongoDB-compatible server and the Redis to start when none is given
runfile.py     run.json: who runs now
data.py        the data folder: lock, passwords and keys made once
checks.py      what a machine must have, in clear words
ports.py       which ports
demo.py        the example: sign in, cluster, workflow, run
api.py         our own API by HTTP; listening.py: its status stream
kubeconfig.py  the cluster that this machine knows
example.py     the graph; states.py: what is known of it; table.py shows it
run.py         says how to reach what runs
"""
