"""`python -m practice_cluster --data FOLDER [--port N]`: print the path of its kubeconfig, serve until told to end."""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()  # before anything else is imported: all of it runs as greenlets of one thread

import argparse
import fcntl
import os
import signal
import sys
import threading
import time
from pathlib import Path

import gevent
from gevent.pywsgi import WSGIServer

from practice_cluster import identity
from practice_cluster.cluster import Cluster
from practice_cluster.controllers.loop import Loop
from practice_cluster.persistence import Persistence
from practice_cluster.routing import Routes
from practice_cluster.server import make_server


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser("practice_cluster", description="A simulated Kubernetes API, on loopback only.")
    home = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    parser.add_argument("--data", type=Path, default=home / "kubeorch" / "practice", help="where its state is kept")
    parser.add_argument("--port", type=int, default=0, help="any that is free unless given")
    arguments = parser.parse_args()
    os.umask(0o077)
    folder: Path = arguments.data.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise OSError("another one is running there already") from None
            serve(folder, arguments.port)
    except OSError as error:
        print(f"The practice cluster can't start in {folder}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def serve(folder: Path, port: int) -> None:
    """Until SIGTERM or Ctrl-C."""
    identity.make_identity(folder)
    persistence = Persistence(folder / "objects.sqlite")
    store = persistence.load()
    cluster = Cluster(store, time.time)
    server = _listen(folder, port, Routes(cluster, identity.read_token(folder)))
    kubeconfig = identity.write_kubeconfig(folder, server.server_port)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    saver = gevent.spawn(persistence.run, store, stop.wait)
    gevent.spawn(Loop(cluster).run)
    print(kubeconfig, flush=True)
    text = f"A simulated cluster at 127.0.0.1:{server.server_port}. Use it: export KUBECONFIG={kubeconfig}"
    print(f"{text}\nCtrl-C ends it; it is kept in {folder}.", file=sys.stderr, flush=True)
    stop.wait()
    saver.join()
    server.close()


def _listen(folder: Path, port: int, routes: Routes) -> WSGIServer:
    """On the given port, else on that of the last start, else on any that is free."""
    file, context = folder / "port", identity.tls_context(folder)
    kept = int(file.read_text(encoding="utf-8")) if file.exists() else 0
    try:
        server = make_server(port or kept, context, routes.answer)
        server.start()
    except OSError:
        if port:
            raise
        server = make_server(0, context, routes.answer)
        server.start()
    file.write_text(f"{server.server_port}\n", encoding="utf-8")
    return server


if __name__ == "__main__":
    sys.exit(main())
