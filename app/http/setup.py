"""What every request goes through, in order. `create_app` calls `install` once; the domains' blueprints come after."""

from typing import TYPE_CHECKING

from flask import Flask

from app.http import (
    access_log,
    api_docs,
    body_limits,
    cors,
    form_types,
    headers,
    health,
    metrics,
    request_ids,
    request_limits,
)
from app.http.context import KEY
from app.http.errors import install_error_handlers
from app.http.json import OrjsonProvider
from app.http.proxies import TrustedProxies
from app.http.rate_limits import RateLimits
from app.http.streams import KEY as STREAMS
from app.http.streams import Streams

if TYPE_CHECKING:
    from app.bootstrap import Services


def install(app: Flask, services: "Services") -> None:
    """
    Order matters: who comes first sees every request, also those that a later one answers; what is installed first
    sees the answer last.
    """
    settings, clock = services.settings, services.clock
    app.json = OrjsonProvider(app)
    app.extensions[KEY] = services
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # its redirect would repeat the query, and a token in it
    app.config["MAX_CONTENT_LENGTH"] = settings.body_max_bytes
    app.extensions[STREAMS] = Streams(
        services.events_redis,
        clock,
        authenticator=lambda: services.authenticator,
        heartbeat_s=settings.stream_heartbeat_seconds,
        drain_s=settings.stream_drain_seconds,
    )
    install_error_handlers(app)
    request_ids.install(app)
    access_log.install(app, clock)
    headers.install(app)
    cors.install(app, settings.origins)
    metrics.install(app, clock)
    body_limits.install(app)
    limits = RateLimits(settings.events_url, clock, rps=settings.rate_limit_rps, burst=settings.rate_limit_burst)
    request_limits.install(app, limits if settings.rate_limit_enabled else None)
    form_types.install(app)
    health.install(app, services.db, _redis_urls(settings.broker_url, settings.events_url), clock)
    api_docs.install(app, server=settings.public_url)
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]  # Flask's way


def _redis_urls(broker: str, events: str) -> dict[str, str]:
    return {"redis": broker} if broker == events else {"broker": broker, "events": events}
