"""What is known of well-known images: which are data stores, where they listen. Judged by the name's last part."""

from collections.abc import Mapping
from typing import Final

from app.manifests.formats import Reader
from app.manifests.problems import Problems
from app.manifests.syntax import image as image_reader

_STORES: Final[Mapping[str, int]] = {
    **dict.fromkeys(("postgres", "postgresql", "postgis", "timescaledb"), 5432),
    "cockroach": 26257,
    **dict.fromkeys(("mysql", "mariadb", "percona"), 3306),
    "mssql": 1433,
    **dict.fromkeys(("mongo", "mongodb"), 27017),
    **dict.fromkeys(("redis", "valkey", "keydb"), 6379),
    **dict.fromkeys(("elasticsearch", "opensearch"), 9200),
    **dict.fromkeys(("cassandra", "scylla"), 9042),
    "couchdb": 5984,
    "couchbase": 8091,
    "neo4j": 7687,
    "influxdb": 8086,
    "clickhouse": 8123,
    **dict.fromkeys(("kafka", "redpanda"), 9092),
    "zookeeper": 2181,
    "rabbitmq": 5672,
    "nats": 4222,
    "etcd": 2379,
    "consul": 8500,
    "minio": 9000,
}
_PORT_ONLY: Final[Mapping[str, int]] = {"memcached": 11211, **dict.fromkeys(("nginx", "httpd", "caddy", "traefik"), 80)}

DATA_IN_PART: Final = frozenset({"postgres", "postgresql", "postgis", "timescaledb", "mysql", "mariadb", "percona"})
"""Refuse to start in a folder that isn't empty; a fresh disk isn't."""

_READ: Final[Reader] = image_reader


def short_name(image: str) -> str:
    """The last part of the repository's name, without `cp-` before and `-server` after it."""
    last = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return last.lower().removeprefix("cp-").removesuffix("-server")


def is_store(image: str) -> bool:
    """A data store: it keeps state, and is not for the outside."""
    return short_name(image) in _STORES


def known_port(image: str) -> int | None:
    """Where it listens, when that is known."""
    name = short_name(image)
    return _STORES.get(name) or _PORT_ONLY.get(name)


def image_problem(image: str) -> str | None:
    """What is wrong with an image's name."""
    problems = Problems()
    _READ(image, problems.at("image"))
    return problems.by_field.get("image")


def known_ports() -> list[tuple[list[str], int, bool]]:
    """For the reference page: names, their port, and whether they are data stores."""
    found: dict[tuple[int, bool], list[str]] = {}
    for table, store in ((_STORES, True), (_PORT_ONLY, False)):
        for name, port in table.items():
            found.setdefault((port, store), []).append(name)
    return [(names, port, store) for (port, store), names in found.items()]
