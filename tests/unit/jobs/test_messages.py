"""What a worker lets in from the broker."""

import base64
import json
from typing import Any

import pytest

from workers.messages import cleaned

JOB_ID = "65f1a2b3c4d5e6f708192a3b"


def a_message(body: object = ([JOB_ID], {}, {}), **changes: Any) -> dict[str, Any]:
    return {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "deploys.run", "id": "task-1", "timelimit": ["a", "b"], "eta": "soon"},
        "properties": {"delivery_tag": "tag-1", "reply_to": "somebody"},
    } | changes


def test_a_doorbell_s_message_passes_with_nothing_else_in_it() -> None:
    harmful = {"callbacks": [{"task": "maintenance.anything"}], "chain": [{"task": "more"}]}

    passed = cleaned(a_message([[JOB_ID], {"keyword": 1}, harmful]), "deploys")

    assert passed is not None
    arguments, keywords, embedded = json.loads(base64.b64decode(passed["body"]))
    assert (arguments, keywords) == ([JOB_ID], {})
    assert set(embedded.values()) == {None}
    assert passed["headers"]["task"] == "deploys.run"
    assert passed["properties"]["delivery_tag"] == "tag-1"
    assert "eta" not in passed["headers"]
    assert "reply_to" not in passed["properties"]


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        "text",
        {},
        a_message(headers=None),
        a_message(headers={"task": "deploys.run"}),
        a_message(headers={"task": ["deploys.run"], "id": "task-1"}),
        a_message(headers={"task": "x" * 300, "id": "task-1"}),
        a_message(properties={}),
        a_message(properties={"delivery_tag": 3}),
        a_message(body="not base64!"),
        a_message(body=base64.b64encode(b"[" * 100_000).decode()),
        a_message("no list"),
        a_message([[JOB_ID], {}]),
        a_message([[], {}, {}]),
        a_message([[JOB_ID, JOB_ID], {}, {}]),
        a_message([[{"$gt": ""}], {}, {}]),
        a_message([["x" * 300], {}, {}]),
        a_message(**{"content-type": "application/x-python-serialize"}),
    ],
)
def test_anything_else_is_dropped(message: object) -> None:
    assert cleaned(message, "deploys") is None
