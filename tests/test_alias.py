"""``import torch`` that means this library, and what is said about names that are not here."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import minitorch_optim as torch
from minitorch_optim.autograd import missing

ROOT = Path(__file__).resolve().parents[1]


def run(code: str, *, fails: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert bool(done.returncode) == fails, done.stderr
    return (done.stderr if fails else done.stdout).strip()


# -- the alias ----------------------------------------------------------------------------------


def test_torch_and_its_parts_are_the_same_modules() -> None:
    code = """
        import minitorch_optim as us
        us.alias_torch()
        import torch, torch.nn as nn, torch.optim as optim, torch.nn.functional as F, torch.linalg as linalg
        from torch.autograd import Variable
        from torch.nn.utils.rnn import pad_sequence
        from torch.optim.lr_scheduler import StepLR
        from torch.utils.data import DataLoader, TensorDataset
        from torch.utils.data.sampler import SubsetRandomSampler
        assert torch is us and nn is us.nn and F is us.nn.functional and optim is us.optim and linalg is us.linalg
        assert nn.Linear.__module__ == "minitorch_optim.nn.linear" and DataLoader is us.utils.data.DataLoader
        assert torch.__spec__.name == "minitorch_optim" and nn.__spec__.name == "minitorch_optim.nn"
        import sys
        assert all(sys.modules[name].__name__.startswith("minitorch_optim") for name in sys.modules if
                   name.split(".")[0] == "torch")
        print(F.relu(torch.tensor([-1.0, 2.0])))
    """
    assert run(code) == "tensor([0., 2.])"


def test_the_alias_can_be_undone() -> None:
    code = """
        import sys, minitorch_optim as us
        before = list(sys.meta_path)
        alias = us.alias_torch()
        assert us.alias_torch() is alias
        import torch.nn
        alias.remove()
        alias.remove()
        assert not [name for name in sys.modules if name.split(".")[0] == "torch"] and sys.meta_path == before
        with us.alias_torch():
            from torch import Tensor
        assert Tensor is us.Tensor and sys.meta_path == before and "torch" not in sys.modules
        print("undone")
    """
    assert run(code) == "undone"


def test_after_the_alias_pytorch_itself_can_be_imported() -> None:
    pytest.importorskip("torch")
    code = """
        import minitorch_optim as us
        with us.alias_torch():
            import torch
        import torch
        assert torch is not us and torch.ones(1).__class__.__module__ == "torch"
        us.alias_torch()
    """
    error = run(code, fails=True)
    assert "ImportError: PyTorch is loaded in this process already, from " in error
    assert "Call alias_torch() before the first import of torch, in a new process" in error


def test_a_part_that_is_not_here() -> None:
    code = """
        import minitorch_optim
        minitorch_optim.alias_torch()
        for name in ("torch.fft", "torch.utils.dada", "torch.optim.adam.Adam"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                assert error.name == name
                print(error)
    """
    fft, dada, adam = run(code).splitlines()
    assert fft.endswith("torch.fft is a name of PyTorch that this library does not have")
    assert dada.endswith("Did you mean 'data'? PyTorch has no torch.utils.dada either")
    assert adam.startswith("No module named 'torch.optim.adam.Adam'")


def as_torch(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minitorch_optim.as_torch", *args]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_script_is_run_as_python_would(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("import torch\nONE = torch.ones(1)\n")
    script = tmp_path / "script.py"
    script.write_text("import sys, torch, beside\nprint(__name__, sys.argv[1:], beside.ONE, torch.__name__)\n")
    done = as_torch(str(script), "a", "--b")
    assert done.stdout.strip() == "__main__ ['a', '--b'] tensor([1.]) minitorch_optim", done.stderr
    script.write_text("raise SystemExit(3)\n")
    assert as_torch(str(script)).returncode == 3


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    assert "usage: " in as_torch().stderr
    assert "no such file" in as_torch(str(tmp_path / "none.py")).stderr


# -- names that are not here --------------------------------------------------------------------


def test_the_nearest_name_and_whose_it_is() -> None:
    with pytest.raises(AttributeError, match="'Conv2D'. Did you mean 'Conv2d'. PyTorch has no torch.nn.Conv2D either"):
        torch.nn.Conv2D
    with pytest.raises(AttributeError, match="Did you mean 'relu'"):
        torch.nn.functional.Relu
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'summ'. Did you mean 'sum'"):
        torch.ones(1).summ()
    with pytest.raises(AttributeError, match="torch.Tensor.bfloat16 is a name of PyTorch that this library does not"):
        torch.ones(1).bfloat16()
    with pytest.raises(AttributeError, match="torch.vmap is a name of PyTorch that this library does not have"):
        torch.vmap


@pytest.mark.parametrize(
    "module",
    "autograd cuda distributions nn nn.functional nn.init nn.utils optim optim.lr_scheduler utils utils.data".split(),
)
def test_every_part_explains(module: str) -> None:
    part = torch
    for name in module.split("."):
        part = getattr(part, name)
    with pytest.raises(missing.MissingName, match=f"PyTorch has no torch.{module}.no_such_name_9 either"):
        part.no_such_name_9
    assert not hasattr(part, "no_such_name_9")


def test_the_list_is_read_only_for_an_error() -> None:
    code = """
        import minitorch_optim as us
        from minitorch_optim.autograd.missing import names_of_pytorch
        assert not hasattr(us, "no_such_name") and not hasattr(us.ones(1), "no_such_name")
        assert names_of_pytorch.cache_info().misses == 0
        try:
            us.no_such_name
        except AttributeError as error:
            str(error)
        print(names_of_pytorch.cache_info().misses)
    """
    assert run(code) == "1"


def test_the_list_is_of_this_pytorch() -> None:
    oracle = pytest.importorskip("torch")
    names = missing.names_of_pytorch()
    assert {"zeros", "nn", "compile"} <= names["torch"] and "Conv2d" in names["torch.nn"]
    for module in ("torch.nn.functional", "torch.optim", "torch.Tensor"):
        part = oracle
        for name in module.split(".")[1:]:
            part = getattr(part, name)
        assert all(hasattr(part, name) for name in names[module])
