"""The programs import PyTorch by name: test_courses.py runs them, and no search for examples may import them."""

collect_ignore = ["programs"]
