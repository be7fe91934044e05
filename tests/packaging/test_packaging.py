"""The package as built and installed, and the rules of the layout that keep it whole.

``autograd/`` and ``nn/`` are folders at the top of the tree and parts of the import package, through ``package_dir`` in
setup.cfg (installs) and through two links (a source tree that was not installed). These tests hold the two together.
"""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "minitorch_optim"
# The real folder of each part; the links inside minitorch_optim/ point at the first two.
FOLDERS = {f"{PACKAGE}.autograd": ROOT / "autograd", f"{PACKAGE}.nn": ROOT / "nn", PACKAGE: ROOT / PACKAGE}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package: its dotted name and its file, each once, in its real folder."""
    for name, folder in FOLDERS.items():
        for here, subfolders, files in os.walk(folder):  # does not follow links
            subfolders[:] = sorted(d for d in subfolders if d != "__pycache__")
            inside = Path(here).relative_to(folder).parts
            for file in sorted(f for f in files if f.endswith(".py")):
                stem = () if file == "__init__.py" else (file[:-3],)
                yield ".".join((name, *inside, *stem)), Path(here, file)


MODULES = dict(modules())


def run(code: str, *, cwd: Path, path: list[Path] | None = None) -> str:
    """Run ``code`` in a fresh interpreter, away from the source tree, with ``path`` as PYTHONPATH."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, path or []))
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- setup.cfg and the tree ---------------------------------------------------------------------------------------


def test_listed_packages_are_the_folders_with_an_init() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    found = {name for name, path in MODULES.items() if path.name == "__init__.py"}
    assert len(listed) == len(set(listed)), "a package is listed twice in setup.cfg"
    assert not found - set(listed), f"not listed in setup.cfg, [options] packages: {sorted(found - set(listed))}"
    assert not set(listed) - found, f"listed in setup.cfg, but without an __init__.py: {sorted(set(listed) - found)}"


def test_every_module_lies_in_a_package() -> None:
    for name, path in MODULES.items():
        assert (path.parent / "__init__.py").exists(), f"{name}: its folder {path.parent} has no __init__.py"


@pytest.mark.parametrize("part", ["autograd", "nn"])
def test_links(part: str) -> None:
    link = ROOT / PACKAGE / part
    assert link.is_symlink(), f"{link} must be a link; on Windows: git config core.symlinks true, then check out again"
    assert os.readlink(link) == f"../{part}"


@pytest.mark.parametrize(
    "forbidden", ["conftest.py", "tests/__init__.py", "tests/autograd/__init__.py", "tests/nn/__init__.py"]
)
def test_pytest_stays_out_of_the_way(forbidden: str) -> None:
    # Any of these would put a folder with an `autograd` or `nn` in it, or a second copy of the package, on sys.path.
    assert not (ROOT / forbidden).exists()


# --- imports: relative, and down the floors only ------------------------------------------------------------------


def imports(name: str, path: Path) -> Iterator[tuple[int, str, bool]]:
    """Every import in a module, wherever it stands: line, absolute dotted target, and whether it is relative."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, False
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or "", False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            if node.module:
                yield node.lineno, ".".join([*base, *node.module.split(".")]), True
            else:  # `from .. import nn` imports minitorch_optim.nn, `from .. import Tensor` minitorch_optim itself
                for alias in node.names:
                    target = ".".join([*base, alias.name])
                    yield node.lineno, target if target in MODULES else ".".join(base), True


def within(target: str, floors: list[str]) -> bool:
    return any(target == floor or target.startswith(floor + ".") for floor in floors)


def allowed_floors(name: str) -> list[str] | None:
    """What a module may import from inside the package; None for the top floor, which may import everything."""
    autograd, nn, optim = (f"{PACKAGE}.{part}" for part in ("autograd", "nn", "optim"))
    if within(name, [autograd]):
        return [autograd]
    if within(name, [nn]):
        return [nn, autograd]
    if within(name, [f"{optim}.swa_utils"]):  # averages modules and renews their BatchNorm statistics
        return [optim, autograd, nn]
    if within(name, [optim]):
        return [optim, autograd]
    return None


def test_imports_inside_the_package_are_relative() -> None:
    # An absolute `import nn` or `from minitorch_optim.nn import ...` can load a second copy of every class.
    ours = {PACKAGE, "autograd", "nn", "optim", "utils", "datasets"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {target}"
        for name, path in MODULES.items()
        for line, target, relative in imports(name, path)
        if not relative and target.split(".")[0] in ours
    ]
    assert not wrong, "absolute imports of the package's own parts:\n" + "\n".join(wrong)


def test_imports_go_down_the_floors_only() -> None:
    wrong = []
    for name, path in MODULES.items():
        allowed = allowed_floors(name)
        for line, target, relative in imports(name, path):
            if relative and allowed is not None and not within(target, allowed):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {name} imports {target}")
    assert not wrong, "imports go down only (autograd, then nn and optim, then the rest):\n" + "\n".join(wrong)


def test_the_import_rules_catch_what_they_forbid(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(
        "import nn\nfrom ..autograd import Tensor\nfrom .. import nn as floor\n"
        "def f():\n    from ..optim.adam import Adam\n"
    )
    found = list(imports(f"{PACKAGE}.nn.sample", sample))
    assert (1, "nn", False) in found
    targets = {target for _, target, relative in found if relative}
    assert targets == {f"{PACKAGE}.autograd", f"{PACKAGE}.nn", f"{PACKAGE}.optim.adam"}
    assert [t for t in targets if not within(t, allowed_floors(f"{PACKAGE}.nn.sample") or [])] == [
        f"{PACKAGE}.optim.adam"
    ]
    assert not within(f"{PACKAGE}.nn_extra", [f"{PACKAGE}.nn"])


def test_import_is_lean(tmp_path: Path) -> None:
    code = (
        f"import sys, {PACKAGE}\n"
        "print(*sorted({'scipy', 'tqdm', 'matplotlib', 'hypothesis', 'pytest', 'torch'} & set(sys.modules)))"
    )
    assert run(code, cwd=tmp_path, path=[ROOT]) == "", "import minitorch_optim loaded these"


# --- the wheel, away from the source ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build/ left in the source tree would smuggle files that are long gone."""
    for tool, oldest in (("pip", 21), ("setuptools", 77)):
        try:
            version = importlib.metadata.version(tool)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"{tool} is not installed here")
        if int(version.split(".")[0]) < oldest:
            pytest.skip(f"{tool} {version} is too old to build the wheel: {oldest} or newer does")
    source, target = tmp_path_factory.mktemp("source") / "tree", tmp_path_factory.mktemp("wheel")
    source.mkdir()
    for file in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    for folder in FOLDERS.values():
        shutil.copytree(
            folder, source / folder.name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_*")
        )
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run([*command, "-w", str(target), "."], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def test_wheel_holds_every_module_and_no_other_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {PACKAGE}
    held = {name for name in names if name.endswith(".py")}
    expected = {
        name.replace(".", "/") + ("/__init__.py" if path.name == "__init__.py" else ".py")
        for name, path in MODULES.items()
    }
    assert held == expected
    assert f"{PACKAGE}/py.typed" in names


def test_wheel_holds_the_data_and_says_whose_it_is(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    assert archive.read(f"{PACKAGE}/datasets/digits.csv.gz") and archive.read(f"{PACKAGE}/autograd/pytorch_names.txt")
    assert "CC BY 4.0" in archive.read(f"{PACKAGE}/datasets/digits.txt").decode()
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    lines = archive.read(metadata).decode().splitlines()
    assert "Name: minitorch_optim" in lines
    assert "License-Expression: BSD-3-Clause" in lines
    required = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    assert [r for r in required if "extra ==" not in r] == ["numpy>=2.0", "scipy>=1.14", "tqdm"]


def test_installed_package_works_away_from_the_source(installed: Path, tmp_path: Path) -> None:
    code = (
        f"import {PACKAGE} as m, {PACKAGE}.autograd as a, {PACKAGE}.nn as n\n"
        "from minitorch_optim.datasets import load_digits\n"
        "print(m.__file__, a.__file__, n.__file__, sep='\\n')\n"
        "assert a.Tensor is m.Tensor\n"
        "x = a.tensor([1.0, 2.0], requires_grad=True)\n"
        "(x * x).sum().backward()\n"
        "assert isinstance(x, a.Tensor) and x.grad.tolist() == [2.0, 4.0]\n"
        "assert tuple(load_digits()[0].shape) == (1797, 64)\n"
    )
    for file in run(code, cwd=tmp_path, path=[installed]).splitlines():
        assert Path(file).is_relative_to(installed), f"{file} was imported in place of the installed copy"


@pytest.fixture
def other_autograd(tmp_path: Path) -> Path:
    """Another library whose name is autograd, as users of HIPS autograd have it in their environments."""
    folder = tmp_path / "site" / "autograd"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("def grad(f): return 'the other one'\n")
    return folder.parent


def test_another_autograd_stays_itself(installed: Path, other_autograd: Path, tmp_path: Path) -> None:
    code = (
        f"import {PACKAGE}.autograd, {PACKAGE}.nn\n"
        "import autograd, importlib.util, sys\n"
        "from autograd import grad\n"
        f"assert autograd is not {PACKAGE}.autograd\n"
        "assert importlib.util.find_spec('nn') is None\n"
        "print(grad(None))\n"
    )
    for path in ([installed, other_autograd], [other_autograd, installed]):
        assert run(code, cwd=tmp_path, path=path) == "the other one"


def test_an_editable_install_leaves_the_name_autograd_alone(other_autograd: Path, tmp_path: Path) -> None:
    where = "import importlib.util\nprint(importlib.util.find_spec('minitorch_optim') is not None)"
    if run(where, cwd=tmp_path) != "True":
        pytest.skip("minitorch_optim is not installed in this environment")
    code = f"import {PACKAGE}.autograd\nfrom autograd import grad\nprint(grad(None))"
    assert run(code, cwd=tmp_path, path=[other_autograd]) == "the other one"
    assert run("import importlib.util as u\nprint(u.find_spec('nn'))", cwd=tmp_path) == "None"
