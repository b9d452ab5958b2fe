"""The Celery app: `celery -A workers.celery:celery worker`. Its tasks are thin: a service does the work."""

import os
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_shutting_down

from app.bootstrap import Services
from app.logs import configure_logs
from workers.process import SharedFlag, make_services, settings_or_exit

log = structlog.get_logger(__name__)

celery = Celery("kubeorch", include=["workers.deploys", "workers.maintenance"])
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


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    """So that the first job of a child doesn't wait for it."""
    services()


@worker_shutting_down.connect
def _tell_children(**_: Any) -> None:
    _stopping.set()
    log.info("worker_stopping")
