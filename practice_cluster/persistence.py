"""The store in a SQLite file, written behind twice a second: a killed process loses at most the last second."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from practice_cluster.store import Store

EVERY_S: Final = 0.5
_FIRST: Final = 1_000
_LEAP: Final = 100_000
"""Added to the saved version at a start: versions that were handed out and not saved must not come again."""
_TABLES: Final = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS objects (resource, namespace, name, body, PRIMARY KEY (resource, namespace, name));
CREATE TABLE IF NOT EXISTS version (id INTEGER PRIMARY KEY, value INTEGER);
"""


class Persistence:
    """One file, one store."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, timeout=10)
        self._db.executescript(_TABLES)

    def load(self) -> Store:
        """The store as it was saved; empty at the first start."""
        saved = self._db.execute("SELECT value FROM version").fetchone()
        store = Store(saved[0] + _LEAP if saved else _FIRST)
        for resource, body in self._db.execute("SELECT resource, body FROM objects"):
            store.restore(resource, body)
        return store

    def run(self, store: Store, has_stopped: Callable[[float], bool]) -> None:
        """Until it has stopped (asked with how long to wait for that), and once more then."""
        is_over = False
        while not is_over:
            is_over = has_stopped(EVERY_S)
            with self._db:
                for key, body in store.take_unsaved():
                    if body is None:
                        self._db.execute("DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?", key)
                    else:
                        self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (*key, body))
                self._db.execute("INSERT OR REPLACE INTO version VALUES (1, ?)", (store.version,))
        self._db.close()
