"""Prometheus metrics of the API at /metrics, of all its processes together (PROMETHEUS_MULTIPROC_DIR).

Labels are routes, never paths: an id in a label would make a time series of each document.
"""

import os

import prometheus_client
from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.clock import Clock
from app.http.openapi import documented

bp = Blueprint("metrics", __name__)

REQUESTS = Histogram(
    "kubeorch_http_request_seconds",
    "Time from a request to the first byte of its answer.",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
LIMITED = Counter("kubeorch_http_limited_total", "Requests that were answered 429.")
STREAMS = Gauge("kubeorch_streams_open", "Open event streams.", multiprocess_mode="livesum")
STREAM_SYNCS = Counter("kubeorch_stream_syncs_total", "Times a viewer got the newest state instead of missed events.")


def install(app: Flask, clock: Clock) -> None:
    def begin() -> None:
        g.measured_from = clock.monotonic()

    def observe(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule is not None else "none"
        began = g.get("measured_from", clock.monotonic())
        REQUESTS.labels(request.method, route, str(response.status_code)).observe(clock.monotonic() - began)
        if response.status_code == 429:
            LIMITED.inc()
        return response

    app.before_request(begin)
    app.after_request(observe)
    app.register_blueprint(bp)


@bp.get("/metrics")
@documented("Metrics for Prometheus", tags=("operation",), answers={200: {"type": "string"}})
def metrics() -> Response:
    registry = prometheus_client.REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):  # prometheus-client itself reads it there
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no types
    return Response(generate_latest(registry), content_type=prometheus_client.CONTENT_TYPE_LATEST)
