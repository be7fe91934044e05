"""The runs of L-BFGS that ``LBFGS.json`` holds: Rosenbrock's function, the same lines for PyTorch and for us.

Read with ``runpy.run_path`` by ``make_golden.py``, which runs PyTorch, and by ``test_golden.py``, which runs us.
"""

from __future__ import annotations

from typing import Any

STEPS = 8  # calls of step(), each of a few iterations
RUNS = [
    {"options": {**search, **size}, "n": n, "dtype": dtype}
    for search in ({"lr": 0.002}, {"line_search_fn": "strong_wolfe"})
    for size in ({"max_iter": 3}, {"max_iter": 5, "history_size": 4})
    for n in (2, 6)
    for dtype in ("float32", "float64")
]


def carried_out(library: Any, run: dict[str, Any]) -> dict[str, Any]:
    """After each step: where x is, and how many evaluations and iterations there have been."""
    start = [-1.2 if i % 2 == 0 else 1.0 for i in range(run["n"])]
    x = library.tensor(start, dtype=getattr(library, run["dtype"]), requires_grad=True)
    optimizer = library.optim.LBFGS([x], **run["options"])

    def closure() -> Any:
        optimizer.zero_grad()
        rise, slack = x[1:] - x[:-1] ** 2, 1 - x[:-1]
        loss = (100 * rise * rise + slack * slack).sum()
        loss.backward()
        return loss

    points, evaluations, iterations = [], [], []
    for _ in range(STEPS):
        optimizer.step(closure)
        points.append(x.detach().tolist())
        evaluations.append(optimizer.state[x]["func_evals"])
        iterations.append(optimizer.state[x]["n_iter"])
    return {"x": points, "evaluations": evaluations, "iterations": iterations}
