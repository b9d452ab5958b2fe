"""The connection to MongoDB and the indexes that stores declare. Called by bootstrap and the tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pymongo
from pymongo import IndexModel, MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

Indexes = Mapping[str, Sequence[IndexModel]]

DEFAULT_NAME: Final = "kubeorch"
# IndexOptionsConflict, IndexKeySpecsConflict: the same index with another option, such as a changed TTL.
CHANGED_INDEX: Final = (85, 86)


def connect(uri: str, *, application: str) -> Database[dict[str, Any]]:
    """Open lazily: nothing is sent until the first call. Every call has a timeout."""
    client: MongoClient[dict[str, Any]] = MongoClient(
        uri,
        appname=application,
        tz_aware=True,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=5_000,
        socketTimeoutMS=30_000,
        waitQueueTimeoutMS=10_000,
        maxPoolSize=50,
        retryWrites=True,
        retryReads=True,
    )
    return client.get_default_database(DEFAULT_NAME)


@contextmanager
def patient(seconds: float) -> Iterator[None]:
    """Try calls again for that long when the connection is lost. Each call in the block must be safe to repeat."""
    with pymongo.timeout(seconds):
        yield


def ensure_indexes(db: Database[dict[str, Any]], *declared: Indexes) -> None:
    """Make what is missing, and make anew what has changed. Idempotent; every process may call it at start."""
    for indexes in declared:
        for collection, models in indexes.items():
            for model in models:
                _ensure(db, collection, model)


def _ensure(db: Database[dict[str, Any]], collection: str, model: IndexModel) -> None:
    try:
        db[collection].create_indexes([model])
    except OperationFailure as error:
        if error.code not in CHANGED_INDEX:
            raise
        db[collection].drop_index(model.document["name"])
        db[collection].create_indexes([model])
