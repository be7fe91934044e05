"""The face of the package: torch's names, what is imported when, and what happens to a name that is not there."""

from __future__ import annotations

import configparser
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch

ROOT = Path(__file__).resolve().parents[1]


def test_names_that_hide_pythons_own() -> None:
    assert torch.float is torch.float32 and torch.double is torch.float64 and torch.half is torch.float16
    assert torch.int is torch.int32 and torch.long is torch.int64 and torch.short is torch.int16
    assert torch.zeros(2, dtype=torch.bool).tolist() == [False, False]
    assert torch.sum(torch.ones(3)).item() == 3 and torch.max(torch.arange(4)).item() == 3


def test_constants_and_types() -> None:
    assert (torch.pi, torch.e, torch.inf) == (np.pi, np.e, np.inf) and torch.nan != torch.nan
    assert isinstance(torch.float32, torch.dtype)
    assert torch.finfo(torch.float32).eps == 2.0**-23 and torch.iinfo(torch.int8).max == 127
    assert torch.zeros(2, 3).size() == torch.Size([2, 3])
    assert torch.zeros(1).device == torch.device("cpu")
    assert torch.zeros(1).layout == torch.strided
    assert torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)


def test_every_public_name_is_there() -> None:
    assert len(set(torch.__all__)) == len(torch.__all__)
    for name in torch.__all__:
        assert hasattr(torch, name), name
    assert set(torch.__all__) <= set(dir(torch))
    assert {"nn", "optim", "cuda", "zeros", "no_grad", "Tensor"} <= set(dir(torch))


def test_most_used_names() -> None:
    names = """
        zeros manual_seed no_grad tensor randn ones device arange cat Tensor max exp sum from_numpy LongTensor float32
        mm stack multinomial argmax sigmoid matmul log FloatTensor long rand float flatten sqrt tanh int64 randint
        linspace softmax inference_mode abs round bmm cos randperm zeros_like min ones_like sin full relu
        set_grad_enabled meshgrid int32 where add clamp eye randn_like split topk cumsum empty float16 pow
        set_printoptions tril unsqueeze normal square acos Generator mv pi as_tensor dot int norm unique argsort bool
        cosh diag eq float64 floor inverse nonzero repeat_interleave sinh all allclose argmin cumprod det double einsum
        int8 is_grad_enabled isclose isnan log1p log2 logsumexp maximum mul multiply numel range roll rsqrt sign sort
        spmm squeeze std tan transpose __version__ autograd
    """
    missing = [name for name in names.split() if not hasattr(torch, name)]
    assert not missing


def test_version_is_the_one_in_the_metadata() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert torch.__version__ == config["metadata"]["version"]


def test_unknown_name_names_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"'zeross'. Did you mean 'zeros'\? PyTorch has no torch.zeross either"):
        torch.zeross(2)
    with pytest.raises(AttributeError, match="no attribute 'xyzzy_quux'. PyTorch has no torch.xyzzy_quux either"):
        torch.xyzzy_quux
    with pytest.raises(ImportError):
        from minitorch_optim import quux  # noqa: F401


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("wrong", ["torch.zeross", "torch.nn.Conv2D", "torch.ones(2).reshap"])
def test_the_nearest_name_is_said_once(wrong: str) -> None:
    code = f"import minitorch_optim as torch\n{wrong}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.count("Did you mean") == 1, done.stderr


def test_parts_are_imported_when_asked_for() -> None:
    code = (
        "import sys, minitorch_optim as torch\n"
        "parts = {m.split('.')[1] for m in sys.modules if m.startswith('minitorch_optim.')}\n"
        "assert parts == {'alias', 'autograd', 'settings'}, parts\n"
        "assert not {'scipy', 'tqdm', 'matplotlib'} & set(sys.modules)\n"
        "torch.nn, torch.backends.cudnn\n"
        "from minitorch_optim import optim\n"
        "print('minitorch_optim.nn' in sys.modules, optim is torch.optim)"
    )
    assert run(code) == "True True"


def test_a_part_that_cannot_be_imported_gives_the_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "_PARTS", (*torch._PARTS, "no_such_part"))
    with pytest.raises(ModuleNotFoundError, match="no_such_part"):
        torch.no_such_part


# -- guards of course code ----------------------------------------------------------------------


def test_guards_choose_the_cpu() -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    assert torch.zeros(2).to(device).device.type == "cpu"
    assert torch.cuda.device_count() == 0 and not torch.cuda.is_initialized()
    assert not torch.accelerator.is_available() and torch.accelerator.current_accelerator() is None
    assert not torch.backends.mps.is_available() and not torch.backends.cudnn.is_available()


def test_seeding_the_gpu_does_not_touch_the_cpus_stream() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3).tolist()
    torch.random.manual_seed(1)
    torch.cuda.manual_seed(2)
    torch.cuda.manual_seed_all(2)
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    assert torch.rand(3).tolist() == expected


def test_flags_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    cudnn = importlib.import_module("minitorch_optim.backends.cudnn")
    assert torch.backends.cudnn is cudnn
    for flag in ("deterministic", "benchmark", "enabled", "allow_tf32"):
        monkeypatch.setattr(torch.backends.cudnn, flag, True)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", True)


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.device("cuda"),
        lambda: torch.zeros(2).cuda(),
        lambda: torch.zeros(2).to("cuda:0"),
        lambda: torch.zeros(2, device="mps"),
        lambda: torch.cuda.set_device(0),
        lambda: torch.cuda.current_device(),
        lambda: torch.cuda.get_device_name(0),
    ],
)
def test_asking_for_a_gpu_is_one_clear_error(call: Any) -> None:
    with pytest.raises(RuntimeError, match=r"is not available: .*Use device\('cpu'\)"):
        call()


def test_sparse_and_linalg_by_their_modules() -> None:
    x = torch.tensor([[0.0, 2.0], [1.0, 0.0]])
    assert torch.sparse.mm(x.to_sparse(), x).tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert torch.linalg.inv(x).tolist() == [[0.0, 1.0], [0.5, 0.0]]


def test_first_lines_of_a_course() -> None:
    torch.manual_seed(0)
    w = torch.randn(size=(3, 1), requires_grad=True)
    x, y = torch.rand(10, 3), torch.ones(10, 1)
    loss = ((x @ w - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()
    assert w.is_leaf and w.requires_grad and not w.grad.any()
    assert repr(torch.autograd.Variable(torch.ones(1))) == "tensor([1.])"
