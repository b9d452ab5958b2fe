"""Celery's settings. A message is a doorbell: leases and attempts are the jobs' own affair (docs/explanation/jobs.md).

Loaded by `workers/celery.py` and by Flower.
"""

import os

from kombu.entity import Queue

from app.jobs.queues import QUEUES
from workers.process import settings_or_exit

_settings = settings_or_exit()

broker_url = _settings.broker_url
# Nobody reads results: what a task did stands in its document.
result_backend = None
task_ignore_result = True

# Queues: the first part of a task's name. `-Q builds` makes a worker of builds only, lest they block the runs.
task_queues = [Queue(name, routing_key=name) for name in QUEUES]  # type: ignore[no-untyped-call]  # kombu has no types
task_routes = {f"{name}.*": {"queue": name} for name in QUEUES}
task_default_queue = "maintenance"

# Only ids are sent, and nothing is ever unpickled.
task_serializer = "json"
accept_content = ["json"]
event_serializer = "json"

# A lost task is delivered again (0.1 s after its child was killed); doing it twice is harmless, a lease decides.
task_acks_late = True
task_reject_on_worker_lost = True
worker_cancel_long_running_tasks_on_connection_loss = False
worker_prefetch_multiplier = 1

broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options = {
    # Longer than any task: with less, long tasks would be delivered again while they run.
    "visibility_timeout": 7200,
    # New in kombu 5.7: else lost messages are looked for only every 100 s.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_keepalive": True,
    "socket_connect_timeout": 2,
    "health_check_interval": 25,
}

# A child that hangs is killed well after its job should have ended by itself.
task_soft_time_limit = _settings.run_timeout_seconds + 60
task_time_limit = _settings.run_timeout_seconds + 120

worker_concurrency = _settings.worker_concurrency or min(os.cpu_count() or 1, 4)
# Safe with restarts of Redis, thanks to `workers/broker.py` (fault test 11).
worker_max_tasks_per_child = 200
worker_max_memory_per_child = 400_000  # KiB

# A child that isn't up by then is killed and made anew; on a busy machine 4 s, the default, aren't enough.
worker_proc_alive_timeout = 30.0

# Flower shows nothing without.
worker_send_task_events = True
task_send_sent_event = True
