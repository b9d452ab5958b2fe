"""`python -m practice_cluster --data FOLDER [--port N]`: print the path of its kubeconfig, serve until told to end."""

import argparse
import contextlib
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from practice_cluster import identity
from practice_cluster.cluster import Cluster
from practice_cluster.controllers.all_controllers import make_loop
from practice_cluster.first_objects import make_first_objects
from practice_cluster.persistence import Persistence
from practice_cluster.routing import Routes
from practice_cluster.server import Server


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser("practice_cluster", description="A simulated Kubernetes API, on loopback only.")
    home = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    parser.add_argument("--data", type=Path, default=home / "kubeorch" / "practice", help="where its state is kept")
    parser.add_argument("--port", type=int, default=0, help="any that is free unless given")
    arguments = parser.parse_args()
    os.umask(0o077)
    folder: Path = arguments.data.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with _alone(folder):
            return serve(folder, arguments.port)
    except OSError as error:
        print(f"The practice cluster can't start in {folder}: {error.strerror or error}", file=sys.stderr)
        return 1


def serve(folder: Path, port: int) -> int:
    """Until SIGTERM or Ctrl-C."""
    identity.make_identity(folder)
    persistence = Persistence(folder / "objects.sqlite")
    store = persistence.load()
    cluster = Cluster(store, time.time)
    make_first_objects(cluster)
    routes = Routes(cluster, identity.read_token(folder))
    server = _listen(folder, port, routes)
    kubeconfig = identity.write_kubeconfig(folder, server.server_address[1])
    stop = threading.Event()
    loop = make_loop(cluster)
    saver = threading.Thread(target=persistence.run, args=(store, stop), name="saver")
    saver.start()
    threading.Thread(target=loop.run, args=(stop,), daemon=True, name="controllers").start()
    threading.Thread(target=server.serve_forever, daemon=True, name="server").start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    print(kubeconfig, flush=True)
    text = f"A simulated cluster at 127.0.0.1:{server.server_address[1]}. Use it: export KUBECONFIG={kubeconfig}"
    print(f"{text}\nCtrl-C ends it; it is kept in {folder}.", file=sys.stderr, flush=True)
    stop.wait()
    saver.join()
    server.server_close()
    return 0


def _listen(folder: Path, port: int, routes: Routes) -> Server:
    """On the given port, else on that of the last start, else on any that is free."""
    file, context = folder / "port", identity.tls_context(folder)
    kept = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    try:
        server = Server(port or int(kept or 0), context, routes)
    except OSError:
        if port:
            raise
        server = Server(0, context, routes)
    file.write_text(f"{server.server_address[1]}\n", encoding="utf-8")
    return server


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process a folder."""
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OSError("another one is running there already") from None
        yield


if __name__ == "__main__":
    sys.exit(main())
