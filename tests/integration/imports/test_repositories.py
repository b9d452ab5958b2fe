"""Analyses of repositories and of files by URL: a real Git host, and a worker's thread beside the request."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import ObjectId
from flask import Flask
from pymongo.database import Database

from app import create_app
from app.bootstrap import Services
from app.http.streams import streams_of
from app.jobs.job import Job
from tests.api import API, Person, close_services, make_services
from tests.git_server import GitServer, Handler
from tests.imports import CANARY, SHOP, create
from tests.sse_validator import Frame, frames_of
from tests.waiting import eventually
from tests.workflows import a_cluster

Client = Any
TOKEN = "glpat-canary-of-a-token-0123456789"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "repositories") as server:
        server.repository("team/app").commit({"compose.yaml": SHOP, "README.md": "hello"})
        yield server


@pytest.fixture
def services(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, host: GitServer, tmp_path: Path
) -> Iterator[Services]:
    """This Git host may be spoken to. Nixpacks knows no way to build anything."""
    nixpacks = tmp_path / "nixpacks"
    nixpacks.write_text("#!/bin/sh\necho '{}'\n")
    nixpacks.chmod(0o700)
    made = make_services(
        db,
        mongo_uri,
        redis_url,
        outbound_allowlist=(host.host,),
        git_allow_http=True,
        work_dir=tmp_path / "work",
        nixpacks_bin=str(nixpacks),
    )
    yield made
    close_services(made)


@pytest.fixture
def app(services: Services) -> Iterator[Flask]:
    """The API; its streams are closed afterwards."""
    made = create_app(services)
    yield made
    streams_of(made).close()


def worked(services: Services, ask: Callable[[], Any]) -> Any:
    """What a request gets while a worker takes what it has queued."""
    with ThreadPoolExecutor(1) as threads:
        answer: Future[Any] = threads.submit(ask)
        queued = {"status": "queued"}
        eventually(lambda: answer.done() or services.db["import_sessions"].find_one(queued), within_s=20, every_s=0.02)
        work(services)
        return answer.result()


def work(services: Services) -> None:
    services.jobs.work_off(services.import_jobs, "any")


def analyze(client: Client, url: str, **fields: Any) -> Any:
    return client.post(f"{API}/import/analyze", json={"source": "git_url", "url": url, "branch": "main", **fields})


def followed(client: Client, session_id: str, **headers: str) -> list[Frame]:
    """A late reader's whole stream."""
    answer = client.get(f"{API}/import/{session_id}/stream", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("no-cache")
    return frames_of(answer.data)


def test_a_repository_is_cloned_and_answered_in_the_request(services: Services, api: Client, host: GitServer) -> None:
    answer = worked(services, lambda: analyze(api, f"{host.url}/team/app.git"))

    assert answer.status_code == 200, answer.text
    assert answer.json["async"] is False
    assert [service["name"] for service in answer.json["analysis"]["services"]] == ["web", "db"]
    session = api.get(f"{API}/import/{answer.json['sessionId']}").json["session"]
    assert (session["status"], session["branch"], session["source"]) == ("completed", "main", "git_url")
    assert session["url"] == f"{host.url}/team/app"
    assert len(session["commitSha"]) == 40
    assert session["analysis"] == answer.json["analysis"]
    assert not list((services.settings.work_dir or Path()).iterdir()), "the clone is gone"


def test_what_has_to_be_built_says_from_where(services: Services, person: Person, api: Client, host: GitServer) -> None:
    a_cluster(services, person.user.id)
    host.repository("team/built").commit({"Dockerfile": "FROM scratch\nEXPOSE 8080\n"}, branch="trunk")

    answer = worked(services, lambda: analyze(api, f"{host.url}/team/built", branch="trunk"))

    analysis = answer.json["analysis"]
    assert (analysis["detectedType"], analysis["needsBuild"]) == ("dockerfile", True)
    assert analysis["sourceBuildConfig"]["repoUrl"] == f"{host.url}/team/built"
    assert analysis["sourceBuildConfig"]["branch"] == "trunk"
    workflow = create(api, analysis).json["workflow"]
    [build] = [node["data"]["_build"] for node in workflow["nodes"] if "_build" in node["data"]]
    assert build["status"] == "pending"


def test_a_private_repository_takes_the_requests_token_and_keeps_it_nowhere(
    services: Services, api: Client, host: GitServer
) -> None:
    host.passwords = {"ada": TOKEN}
    url = f"{host.url}/team/app"

    refused = worked(services, lambda: analyze(api, url))
    taken = worked(services, lambda: analyze(api, url, username="ada", token=TOKEN))
    in_url = worked(services, lambda: analyze(api, f"http://ada:{TOKEN}@{host.host}/team/app"))

    assert refused.status_code in (400, 404), "never 401: the UI would sign the person out"
    assert refused.json["code"] in ("GIT_AUTH_FAILED", "GIT_NOT_FOUND")
    assert (taken.status_code, in_url.status_code) == (200, 200), taken.text + in_url.text
    ids = [answer.json["sessionId"] for answer in (taken, in_url)]
    said = [taken.text, in_url.text, *(str(followed(api, one)) for one in ids)]
    assert not [text for text in said if TOKEN in text]
    for name in services.db.list_collection_names():
        for document in services.db[name].find():
            assert TOKEN.encode() not in bson.encode(document), name
            assert CANARY.encode() not in bson.encode(document), name


@pytest.mark.parametrize(
    ("path", "branch", "status", "code"),
    [
        ("team/none", "main", 404, "GIT_NOT_FOUND"),
        ("team/app", "nope", 404, "BRANCH_NOT_FOUND"),
        ("team/empty", "main", 400, "NOTHING_FOUND"),
    ],
)
def test_a_failure_within_the_wait_is_an_error_with_its_code_and_stage(
    services: Services, api: Client, host: GitServer, path: str, branch: str, status: int, code: str
) -> None:
    host.repository("team/empty").commit({"README.md": "nothing"})

    answer = worked(services, lambda: analyze(api, f"{host.url}/{path}", branch=branch))

    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    [session] = api.get(f"{API}/import").json["sessions"]
    assert (session["status"], session["errorCode"]) == ("failed", code)
    assert session["errorMessage"] == answer.json["error"]
    assert session["errorStage"] == ("analyze" if code == "NOTHING_FOUND" else "clone")
    frames = followed(api, session["id"])
    assert frames[-1].name == "failed"
    assert frames[-1].data["data"] == {
        "error_message": answer.json["error"],
        "error_stage": session["errorStage"],
        "error_code": code,
    }


def test_one_file_by_url(services: Services, api: Client, host: GitServer) -> None:
    def answer_with_a_file(request: Handler) -> bool:
        if request.path.startswith("/files/shop.yaml"):
            request.send(200, SHOP.encode())
            return True
        return False

    host.answer = answer_with_a_file

    answer = worked(services, lambda: analyze(api, f"{host.url}/files/shop.yaml?key=s3cret-query"))

    assert answer.status_code == 200, answer.text
    session_text = api.get(f"{API}/import/{answer.json['sessionId']}").text
    session = json.loads(session_text)["session"]
    assert (session["fileName"], session["url"]) == ("shop.yaml", f"{host.url}/files/shop.yaml")
    assert "s3cret-query" not in session_text
    assert session["analysis"]["needsBuild"] is False
    options = {"options": {"services": {"web": {"include": False}}}}
    changed = api.put(f"{API}/import/{session['id']}/options", json=options)
    assert [one["included"] for one in changed.json["analysis"]["services"]] == [False, True]


def test_other_options_of_a_repository_need_no_second_clone(services: Services, api: Client, host: GitServer) -> None:
    session_id = worked(services, lambda: analyze(api, f"{host.url}/team/app")).json["sessionId"]
    seen = len(host.seen)

    answer = api.put(f"{API}/import/{session_id}/options", json={"options": {"expose": "none"}})

    assert answer.status_code == 200, answer.text
    assert len(host.seen) == seen


def test_a_folder_is_named_by_the_page_or_the_path(services: Services, api: Client, host: GitServer) -> None:
    below = SHOP.replace("web:", "front:", 1)
    host.repository("team/many").commit({"compose.yaml": SHOP, "deploy/stage/compose.yaml": below})

    by_page = worked(services, lambda: analyze(api, f"{host.url}/team/many/-/tree/main/deploy/stage"))
    by_path = worked(services, lambda: analyze(api, f"{host.url}/team/many", path="deploy"))
    by_file = worked(services, lambda: analyze(api, f"{host.url}/team/many", options={"files": ["compose.yaml"]}))

    for answer, first in ((by_page, "front"), (by_path, "front"), (by_file, "web")):
        assert answer.status_code == 200, answer.text
        assert answer.json["analysis"]["services"][0]["name"] == first


# --- the stream of one that has ended -----------------------------------------------------------------------------


def test_a_late_reader_gets_all_of_it(services: Services, api: Client, host: GitServer) -> None:
    answer = worked(services, lambda: analyze(api, f"{host.url}/team/app"))

    frames = followed(api, answer.json["sessionId"])

    assert [frame.name for frame in (frames[0], frames[-1])] == ["metadata", "complete"]
    assert frames[0].data["status"] == "completed"
    assert frames[0].data["analysis"] == answer.json["analysis"], "the document itself, not wrapped"
    assert {frame.name for frame in frames[1:-1]} == {"log"}
    messages = [frame.data["data"]["message"] for frame in frames[1:-1]]
    assert messages[0] == "Cloning repository"
    assert {"Analyzing repository", "Parsing configuration", "Converting to workflow nodes"} <= set(messages)
    last = frames[-1].data
    assert (last["type"], last["stream_key"]) == ("import", f"import:{answer.json['sessionId']}")
    assert last["data"] == {"analysis": answer.json["analysis"]}
    assert [frame.id for frame in frames[:-1]] == [None] * (len(frames) - 1)
    assert int(frames[-1].id or 0) > 4


def test_a_reader_who_comes_back_gets_what_it_hasnt_and_the_end(
    services: Services, api: Client, host: GitServer
) -> None:
    session_id = worked(services, lambda: analyze(api, f"{host.url}/team/app")).json["sessionId"]
    whole = followed(api, session_id)
    newest = int(whole[-1].id or 0)

    kept = followed(api, session_id, **{"Last-Event-ID": str(newest - 3)})
    services.events_redis.flushdb()
    lost = followed(api, session_id, **{"Last-Event-ID": str(newest - 3)})
    seen_all = followed(api, session_id, **{"Last-Event-ID": str(newest)})

    logs = [frame.data["data"]["message"] for frame in whole if frame.name == "log"]
    for frames in (kept, lost):
        after = [frame.data["data"]["message"] for frame in frames if frame.name == "log"]
        assert 0 < len(after) < len(logs)
        assert logs[-len(after) :] == after, "without gap or repeat"
        assert frames[-1].name == "complete"
    assert [frame.name for frame in seen_all] == ["metadata", "complete"]
    for garbage in ("x", "0-0", "99999999", "-1", "1" * 30):
        assert followed(api, session_id, **{"Last-Event-ID": garbage}) == whole


# --- cancelled, stopped, forgotten ------------------------------------------------------------------------------


def test_a_cancel_ends_a_clone_that_hangs(services: Services, api: Client, host: GitServer) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hang(request: Handler) -> bool:
        if request.command == "POST" and "KubeOrch" not in request.headers.get("User-Agent", ""):
            asked.set()
            go_on.wait(30)
        return False

    host.answer = hang
    session_id = analyze(api, f"{host.url}/team/app", wait=0).json["sessionId"]
    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work, services)
        assert asked.wait(20)
        api.post(f"{API}/import/{session_id}/cancel")
        working.result(20)
    go_on.set()

    session = api.get(f"{API}/import/{session_id}").json["session"]
    assert (session["status"], session["errorStage"]) == ("failed", "cancelled")
    frames = followed(api, session_id)
    assert frames[-1].data["data"]["error_code"] == "CANCELLED"
    assert not list((services.settings.work_dir or Path()).iterdir()), "what was cloned so far is gone"


def test_a_worker_that_is_told_to_stop_hands_it_on(services: Services, api: Client, host: GitServer) -> None:
    asked, told = threading.Event(), threading.Event()

    def hang(request: Handler) -> bool:
        if request.command == "POST" and "KubeOrch" not in request.headers.get("User-Agent", ""):
            asked.set()
            told.wait(30)
        return False

    host.answer = hang
    services.stopping = told.is_set
    session_id = ObjectId(analyze(api, f"{host.url}/team/app", wait=0).json["sessionId"])
    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work, services)
        assert asked.wait(20)
        told.set()
        working.result(20)
    handed_on = services.import_store.find(session_id) or {}
    host.answer = None
    services.jobs = replace(services.jobs, stopping=lambda: False)
    work(services)

    assert (handed_on["status"], handed_on["tries"]) == ("queued", 0), "no attempt was used up"
    assert (services.import_store.find(session_id) or {})["status"] == "completed"


def test_an_end_that_nobody_announced_is_announced_by_the_scheduler(
    services: Services, api: Client, host: GitServer
) -> None:
    session_id = ObjectId(analyze(api, f"{host.url}/team/app", wait=0).json["sessionId"])
    services.db["import_sessions"].update_one({"_id": session_id}, {"$set": {"status": "failed", "error": "x"}})
    before = services.import_store.find(session_id) or {}

    services.announce_imports()
    services.announce_imports()

    after = services.import_store.find(session_id) or {}
    assert after["rev"] == before["rev"] + 1
    assert "unannounced" not in after


def test_an_import_that_is_taken_over_begins_anew(services: Services, api: Client, host: GitServer) -> None:
    session_id = ObjectId(analyze(api, f"{host.url}/team/app", wait=0).json["sessionId"])
    kind = services.import_jobs
    with services.jobs.claimed(kind, session_id) as job:
        assert isinstance(job, Job)
        job.progress({"$push": {"logs": {"$each": []}}, "$inc": {"rev": 1}})
        services.leases.free(job.lease.id, fence=job.fence, beat=0)

    work(services)

    session = services.import_store.find(session_id) or {}
    assert session["status"] == "completed"
    assert session["fence"] > 1
