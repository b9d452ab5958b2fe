"""The Celery app: `celery -A workers.celery:celery worker`. Its tasks are thin: a service does the work."""

import os
import threading
from typing import Any

import structlog
from celery import Celery
from celery.signals import (
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_shutting_down,
)

from app.bootstrap import Services
from app.logs import configure_logs
from workers.process import SharedFlag, make_services, prepare_store, settings_or_exit

log = structlog.get_logger(__name__)

celery = Celery(
    "kubeorch", amqp="workers.broker:Broker", include=["workers.deploys", "workers.imports", "workers.maintenance"]
)
celery.config_from_object("celeryconfig")

# Made before the pool forks: only the parent hears that the worker is to stop, its children read it here.
_stopping = SharedFlag()
_services: dict[int, Services] = {}


def services() -> Services:
    """Those of this process: connections don't outlive a fork."""
    pid = os.getpid()
    if pid not in _services:
        _services[pid] = make_services(settings_or_exit(), "worker", stopping=_stopping.is_set)
    return _services[pid]


@setup_logging.connect
def _set_up_logs(**_: Any) -> None:
    configure_logs(settings_or_exit().log_level)


@worker_init.connect
def _prepare_store(**_: Any) -> None:
    """Once, in the parent, and closed again before it forks: a child must be up within seconds."""
    preparing = make_services(settings_or_exit(), "worker")
    prepare_store(preparing)
    preparing.db.client.close()


@worker_process_init.connect
def _sweep_workspaces(**_: Any) -> None:
    """End and remove what a killed child, or a killed worker, left. Apart: a child must be up within seconds."""
    threading.Thread(target=services().workspaces.sweep, name="sweep", daemon=True).start()


@worker_shutting_down.connect
def _tell_children(**_: Any) -> None:
    _stopping.set()
    log.info("worker_stopping")


@worker_process_shutdown.connect
def _send_last_rings(**_: Any) -> None:
    """For what a stopping child has handed back."""
    made = _services.get(os.getpid())
    if made is not None and "doorbell" in vars(made):
        made.doorbell.close()
