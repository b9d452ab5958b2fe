"""The store in a SQLite file, written behind by a thread: a killed process loses at most the last second."""

import sqlite3
import threading
from pathlib import Path
from typing import Final

import orjson

from practice_cluster.store import Store

EVERY_S: Final = 0.5
_FIRST: Final = 1_000
_LEAP: Final = 100_000
"""Added to the saved version at a start: versions that were handed out and not saved must not come again."""


class Persistence:
    """One file, one store."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, check_same_thread=False, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        table = "resource TEXT, namespace TEXT, name TEXT, body BLOB, PRIMARY KEY (resource, namespace, name)"
        self._db.execute(f"CREATE TABLE IF NOT EXISTS objects ({table})")
        self._db.execute("CREATE TABLE IF NOT EXISTS version (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER)")

    def load(self) -> Store:
        """The store as it was saved; empty at the first start."""
        saved = self._db.execute("SELECT value FROM version").fetchone()
        store = Store(saved[0] + _LEAP if saved else _FIRST)
        for resource, body in self._db.execute("SELECT resource, body FROM objects"):
            store.restore(resource, orjson.loads(body))
        return store

    def save(self, store: Store) -> None:
        """What has changed since the last time."""
        version, changes = store.take_unsaved()
        if not changes:
            return
        with self._db:
            for key, body in changes:
                if body is None:
                    self._db.execute("DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?", key)
                else:
                    self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (*key, body))
            self._db.execute("INSERT OR REPLACE INTO version VALUES (1, ?)", (version,))

    def run(self, store: Store, stop: threading.Event) -> None:
        """Until `stop`, and once more then."""
        while not stop.wait(EVERY_S):
            self.save(store)
        self.save(store)
        self._db.close()
