"""Where the image of a Dockerfile listens."""

import pytest

from app.compose.dockerfiles import listening_ports

CASES = [
    ("FROM alpine\nEXPOSE 8080", ["8080"]),
    ("from alpine\nexpose 80 443/tcp 53/udp", ["80", "443", "53/udp"]),
    ("FROM alpine\nEXPOSE 7000-7002", ["7000", "7001", "7002"]),
    ("FROM alpine\n# EXPOSE 1\nEXPOSE \\\n  80 \\\n  81", ["80", "81"]),
    ("ARG P=9000\nFROM alpine\nARG P\nEXPOSE $P", ["9000"]),
    ("FROM alpine\nENV PORT=4000 OTHER=x\nEXPOSE ${PORT}", ["4000"]),
    ("FROM alpine\nENV PORT 4000", ["4000"]),
    ("FROM alpine\nEXPOSE ${X:-3000}", ["3000"]),
    ("FROM alpine\nEXPOSE $UNKNOWN 99999 word", []),
    ("FROM node:22 AS build\nEXPOSE 1\nFROM alpine\nEXPOSE 2", ["2"]),
    ("FROM alpine AS base\nEXPOSE 1\nFROM base\nEXPOSE 2", ["1", "2"]),
    ("FROM --platform=linux/amd64 python:3.13-slim\nRUN x", ["8000"]),
    ("FROM node:22-alpine", ["3000"]),
    ("FROM nginx:1.29\nCOPY . .", ["80"]),
    ("FROM scratch", []),
    ("", []),
    ("not a Dockerfile", []),
    ("FROM a AS a\nFROM a", []),
]


@pytest.mark.parametrize(("text", "ports"), CASES, ids=[text[:50] for text, _ in CASES])
def test_the_ports_of_a_dockerfile(text: str, ports: list[str]) -> None:
    assert listening_ports(text) == ports


def test_a_stage_that_is_named_counts() -> None:
    text = "FROM alpine AS one\nEXPOSE 1\nFROM alpine AS two\nEXPOSE 2"

    assert listening_ports(text, "One") == ["1"]
    assert listening_ports(text, "nowhere") == ["2"]
