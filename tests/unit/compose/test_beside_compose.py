"""After interpolation and merging, our reading is what the real `docker compose config` prints."""

import shutil
from pathlib import Path

import pytest

from tests.corpus.compose.cases import Case, all_cases
from tests.unit.compose.oracle import binary, compose_config, differences, ours


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_no_difference(case: Case, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(case.folder, root)

    theirs = compose_config(root, case.names, env=case.env, profiles=case.profiles)
    found = [theirs] if isinstance(theirs, str) else differences(ours(case.read()), theirs)

    if case.oracle is None:
        assert found == []
    else:
        assert found, f"there is no difference any more: remove the reason from case.yaml ({case.oracle})"


def test_the_oracle_is_the_real_program() -> None:
    assert binary().stat().st_size > 50_000_000
