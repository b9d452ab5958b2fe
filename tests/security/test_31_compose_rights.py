"""31: privileged, host paths, host namespaces, capabilities, docker.sock: short, long, merged and extended forms get
the same verdict (CVE-2026-44850, CVE-2025-34159)."""

import json

import pytest

from app.compose.choices import VolumeChoice
from app.compose.converting import Conversion
from app.compose.options import Options
from tests.unit.compose.projects import a_conversion, data_of

SOCKETS = (
    "/var/run/docker.sock", "/run/docker.sock", "/var/run/../run/docker.sock", "//var/run//docker.sock", "/var/run",
    "/run/", "/var/./run", "/home/me/.colima/docker.sock",
)  # fmt: skip


def forms(entry: str, key: str) -> dict[str, dict[str, str]]:
    """The same key of the service `web` in each way to write it."""
    varied = with_it = f"services: {{web: {{image: nginx, {key}: {entry}}}}}"
    if entry.isalpha():
        varied = with_it.replace(f"{key}: {entry}", f'{key}: "${{V}}"')
    plain = "services: {web: {image: nginx}}"
    return {
        "direct": {"compose.yaml": with_it},
        "merged": {"compose.yaml": plain, "over.yaml": f"services: {{web: {{{key}: {entry}}}}}"},
        "anchored": {"compose.yaml": f"x-a: &a {{{key}: {entry}}}\nservices: {{web: {{<<: *a, image: nginx}}}}"},
        "extended": {"compose.yaml": f"services: {{base: {{image: busybox, {key}: {entry}, profiles: [no]}},"
                                     " web: {image: nginx, extends: base, profiles: !reset []}}"},
        "extended from a file": {
            "compose.yaml": "services: {web: {image: nginx, extends: {file: b.yaml, service: b}}}",
            "b.yaml": f"services: {{b: {{image: busybox, {key}: {entry}}}}}",
        },
        "included": {"compose.yaml": "include: [in.yaml]\n" + "services: {other: {image: nginx}}", "in.yaml": with_it},
        "by a variable": {"compose.yaml": varied, ".env": f"V={entry}"},
    }  # fmt: skip


def converted(files: dict[str, str], options: Options | None = None) -> Conversion:
    names = [name for name in files if name in ("compose.yaml", "over.yaml")]
    return a_conversion(files, *names, options=options)


ALL_FORMS = sorted(forms("true", "privileged"))


@pytest.mark.parametrize("form", ALL_FORMS)
def test_privileged_is_said_in_each_form(form: str) -> None:
    conversion = converted(forms("true", "privileged")[form])

    assert data_of(conversion, "deployment/web")["securityContext"] == {"privileged": True}
    assert [f.key for f in conversion.findings if f.service == "web" and f.level == "warning"] == ["privileged"]


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("socket", SOCKETS)
def test_dockers_socket_is_never_mounted(form: str, socket: str, chosen: bool) -> None:
    options = Options(volumes={socket: VolumeChoice(host_path=True)}) if chosen else None
    for entry in (f'["{socket}:/s"]', f'[{{type: bind, source: "{socket}", target: /s}}]'):
        conversion = converted(forms(entry, "volumes")[form], options)

        assert "volumeMounts" not in data_of(conversion, "deployment/web")
        assert any(f.code == "BIND_MOUNT_NOT_SUPPORTED" and f.service == "web" for f in conversion.findings)


def test_nor_through_a_volume_of_the_local_driver() -> None:
    text = """
services: {web: {image: nginx, volumes: ["v:/s"]}}
volumes: {v: {driver: local, driver_opts: {type: none, o: "rw,bind", device: /var/run/docker.sock}}}
"""
    conversion = a_conversion(text, options=Options(volumes={"v": VolumeChoice(host_path=True)}))

    assert "volumeMounts" not in json.dumps(list(conversion.graph.nodes))


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize("path", ["/", "/etc", "~/.ssh", "/proc/../etc"])
def test_a_path_of_a_machine_is_mounted_only_when_chosen(form: str, path: str) -> None:
    for entry in (f'["{path}:/s"]', f'[{{type: bind, source: "{path}", target: /s}}]'):
        conversion = converted(forms(entry, "volumes")[form])

        assert "volumeMounts" not in data_of(conversion, "deployment/web")


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize(
    ("key", "entry"), [("pid", "host"), ("ipc", "host"), ("network_mode", "host"), ("uts", "host")]
)
def test_namespaces_of_the_machine_are_not_taken_over(form: str, key: str, entry: str) -> None:
    conversion = converted(forms(entry, key)[form])

    data = data_of(conversion, "deployment/web")
    assert {"hostNetwork", "hostPID", "hostIPC"} & data.keys() == set()
    assert [f.level for f in conversion.findings if f.key == key and f.service == "web"] == ["warning"]


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize("entry", ["[SYS_ADMIN]", "[CAP_SYS_ADMIN]", "[cap_sys_admin]"])
def test_capabilities_are_said_however_they_are_written(form: str, entry: str) -> None:
    conversion = converted(forms(entry, "cap_add")[form])

    assert data_of(conversion, "deployment/web")["securityContext"]["capabilities"] == {"add": ["SYS_ADMIN"]}
    assert any("SYS_ADMIN" in f.message and f.level == "warning" for f in conversion.findings)
