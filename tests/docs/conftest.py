"""The pages show the program of a replay as it is where a copy of a small factor is no gain.

Where it is one, which is measured and depends on the machine, a program has more lines.
"""

import pytest

from minitorch_optim.recording import products


@pytest.fixture(autouse=True)
def factors_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_measured", lambda *shapes: False)
