"""What a worker lets in: a task's name and one id, nothing else that a message may hold. Pure.

Celery trusts the shape of its messages: JSON of another shape ends a worker, and a message may name further tasks to
be called afterwards. So each one is taken apart and made anew; what has another shape is dropped. Used by `broker.py`.
"""

import base64
import binascii
import json
from typing import Any, Final

LONGEST: Final = 200  # characters; names and ids are shorter


def cleaned(message: object, queue: str) -> dict[str, Any] | None:
    """The message with nothing but what a doorbell sends, or `None` if it isn't one."""
    if not isinstance(message, dict) or message.get("content-type") != "application/json":
        return None
    try:
        task, task_id = message["headers"]["task"], message["headers"]["id"]
        tag = message["properties"]["delivery_tag"]
        (job_id,), _keywords, _embedded = json.loads(base64.b64decode(message["body"], validate=True))
    except (TypeError, KeyError, ValueError, binascii.Error, RecursionError):
        return None
    if not all(isinstance(text, str) and 0 < len(text) <= LONGEST for text in (task, task_id, tag, job_id)):
        return None
    return _message(task, task_id, job_id, tag, queue)


def _message(task: str, task_id: str, job_id: str, tag: str, queue: str) -> dict[str, Any]:
    body = json.dumps([[job_id], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    return {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task,
            "id": task_id,
            "root_id": task_id,
            "parent_id": None,
            "group": None,
            "argsrepr": repr((job_id,)),  # Flower shows these two
            "kwargsrepr": "{}",
        },
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": tag,
        },
    }
