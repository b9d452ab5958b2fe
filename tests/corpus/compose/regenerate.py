"""`python -m tests.corpus.compose.regenerate [name…]`: write `expected.json` anew. Read it before a commit."""

import json
import sys

from tests.corpus.compose.cases import all_cases, expectation


def main(names: list[str]) -> None:
    for case in all_cases():
        if not names or case.name in names:
            text = json.dumps(expectation(case.converted()), indent=1, ensure_ascii=False)
            (case.folder / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
