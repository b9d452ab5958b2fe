"""The API as gunicorn loads it, in each worker: `gunicorn -c gunicorn.conf.py wsgi:app`."""

import os
import sys
import threading
from typing import Final, NoReturn

import structlog
from flask import Flask
from pymongo.errors import PyMongoError

from app import create_app
from app.bootstrap import Services
from app.logs import configure_logs
from app.settings import SettingsError, load_settings

log = structlog.get_logger(__name__)

TRY_AGAIN_S: Final = 2.0
APP_LOAD_ERROR: Final = 4  # gunicorn stops, instead of starting workers for ever


def make_app() -> Flask:
    """The application with the settings of this process's environment."""
    try:
        settings = load_settings()
    except SettingsError as error:
        _refuse(str(error))
    configure_logs(settings.log_level)
    services = Services(settings, application="kubeorch-api")
    threading.Thread(target=_prepare, args=[services], name="prepare-store", daemon=True).start()
    return create_app(services)


def _prepare(services: Services) -> None:
    """Make the indexes as soon as the store is there; until then /readyz says what is missing."""
    while True:
        try:
            services.prepare_store()
        except PyMongoError as error:
            log.warning("store_not_prepared", error=type(error).__name__, again_in_s=TRY_AGAIN_S)
        else:
            return
        services.clock.sleep(TRY_AGAIN_S)


def _check_patched() -> None:
    """Under gunicorn everything that waits must be gevent's: else one slow call stops all streams of this process."""
    from gevent import monkey

    if "gunicorn" in os.environ.get("SERVER_SOFTWARE", "") and not monkey.is_module_patched("ssl"):
        _refuse("wsgi: gevent hasn't patched this process: start it with -c gunicorn.conf.py (worker class gevent)")


def _refuse(line: str) -> NoReturn:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
    # Not SystemExit: gunicorn would print a traceback.
    os._exit(APP_LOAD_ERROR)


_check_patched()
app = make_app()
