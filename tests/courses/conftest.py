"""The programs here import PyTorch by name: test_courses.py runs them, and no search for examples may import them."""

from pathlib import Path

PROGRAMS = [path.name for path in Path(__file__).parent.glob("*.py")]
collect_ignore = [name for name in PROGRAMS if name not in ("conftest.py", "test_courses.py")]
