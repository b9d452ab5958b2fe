"""What the server program must know before it starts: `python -m app.http.serving` prints it as JSON.

`gunicorn.conf.py` runs this as a program of its own: the settings import half of the standard library, and whatever
is imported in gunicorn's master before gevent has patched it misbehaves in its workers (each TLS call to a cluster:
RecursionError). A bad setting ends it with one line.
"""

import json
import sys

from app.settings import SettingsError, load_settings


def main() -> None:
    try:
        settings = load_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    server = {"address": settings.bind_address, "port": settings.port, "drain_s": settings.stream_drain_seconds}
    sys.stdout.write(json.dumps(server))


if __name__ == "__main__":
    main()
