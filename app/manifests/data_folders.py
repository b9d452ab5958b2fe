"""Where well-known images keep their data: a disk without a mount path goes there."""

import re
from typing import Final, NamedTuple


class DataFolder(NamedTuple):
    """Where to mount a disk, and which part of it."""

    path: str
    sub_path: str | None = None


# A fresh disk isn't empty (lost+found), and these refuse to start in a folder that isn't.
_PART: Final = "data"

_FOLDERS: Final = {
    "postgres": DataFolder("/var/lib/postgresql/data", _PART),
    "postgis": DataFolder("/var/lib/postgresql/data", _PART),
    "timescaledb": DataFolder("/var/lib/postgresql/data", _PART),
    "mysql": DataFolder("/var/lib/mysql", _PART),
    "mariadb": DataFolder("/var/lib/mysql", _PART),
    "percona": DataFolder("/var/lib/mysql", _PART),
    "mongo": DataFolder("/data/db"),
    "redis": DataFolder("/data"),
    "valkey": DataFolder("/data"),
    "keydb": DataFolder("/data"),
    "elasticsearch": DataFolder("/usr/share/elasticsearch/data"),
    "opensearch": DataFolder("/usr/share/opensearch/data"),
    "cassandra": DataFolder("/var/lib/cassandra"),
    "scylla": DataFolder("/var/lib/scylla"),
    "couchdb": DataFolder("/opt/couchdb/data"),
    "neo4j": DataFolder("/data"),
    "influxdb": DataFolder("/var/lib/influxdb2"),
    "clickhouse": DataFolder("/var/lib/clickhouse"),
    "rabbitmq": DataFolder("/var/lib/rabbitmq"),
    "minio": DataFolder("/data"),
    "etcd": DataFolder("/etcd-data"),
    "consul": DataFolder("/consul/data"),
}

# From 18 on, the official image keeps one folder a version below its volume and refuses the old place.
_POSTGRES_ONE_UP: Final = 18


def data_folder(image: str) -> DataFolder | None:
    """Judged by the last part of the repository's name (`mongo-express` is no `mongo`)."""
    reference = image.partition("@")[0]
    last = reference.rpartition("/")[2]
    name, _, tag = last.partition(":")
    folder = _FOLDERS.get(name.removeprefix("cp-").removesuffix("-server"))
    if name == "postgres" and folder is not None:
        major = re.match(r"\d+", tag)
        if tag in ("", "latest") or (major is not None and int(major.group()) >= _POSTGRES_ONE_UP):
            return DataFolder("/var/lib/postgresql")
    return folder
