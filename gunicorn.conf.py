"""How the API is served: `gunicorn -c gunicorn.conf.py wsgi:app`, with the settings of its environment.

This file runs in gunicorn's master, before gevent: it imports nothing that a worker would then have unpatched.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OPEN_FILES = 20_000  # a stream is one; 5,000 of them and their neighbours fit

_found = subprocess.run([sys.executable, "-m", "app.http.serving"], capture_output=True, text=True, check=False)
if _found.returncode != 0:
    raise SystemExit(_found.stderr.strip())
_settings = json.loads(_found.stdout)

bind = f"{_settings['address']}:{_settings['port']}"
worker_class = "app.http.worker.Worker"  # gevent, but for idle connections
workers = int(os.environ.get("WEB_CONCURRENCY") or os.cpu_count() or 1)
worker_connections = 10_000
backlog = 2048
timeout = 60
keepalive = 75
# Streams are told to reload after the drain; then a moment for them to go.
graceful_timeout = int(_settings["drain_s"]) + 5
preload_app = False  # the application must be imported after gevent has patched the worker
max_requests = 0  # a worker that is replaced cuts its streams
control_socket_disable = True  # its default path is shared by all servers of a user
forwarded_allow_ips = ""  # TRUSTED_PROXIES decides (app/http/proxies.py)
accesslog = None  # app/http/access_log.py writes better ones
errorlog = "-"
loglevel = "warning"

# Counters of all workers are added up from files; they start at zero with the server.
_metrics_are_ours = "PROMETHEUS_MULTIPROC_DIR" not in os.environ
if _metrics_are_ours:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="kubeorch-metrics-")


def on_starting(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if hard != resource.RLIM_INFINITY and hard < OPEN_FILES:
        server.log.warning(
            "Only %d open files are allowed, so only about as many streams: ulimit -n %d", hard, OPEN_FILES
        )


def post_worker_init(worker):
    # gunicorn has no hook for "told to stop, streams still open"; the ticker of the streams looks.
    worker.wsgi.extensions["kubeorch.streams"].stopping = lambda: not worker.alive


def child_exit(server, worker):
    """As prometheus_client.multiprocess.mark_process_dead, which imports what must not be imported here."""
    for path in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"gauge_live*_{worker.pid}.db"):
        path.unlink(missing_ok=True)


def on_exit(server):
    if _metrics_are_ours:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
