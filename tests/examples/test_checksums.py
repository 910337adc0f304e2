"""The checksums of a folder, compared with sha256sum's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = 600
ODD = 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    for number in range(FILES):
        file = folder / f"{number % 7}" / f"file {number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * (number * 37))
    for name in (b"odd \\ \n \r name", b"no UTF-8 \xff"):
        (folder / os.fsdecode(name)).write_bytes(b"")
    (folder / "link").symlink_to("0/file 0")
    return folder


def test_sums_are_those_of_sha256sum_and_the_walk_waits_for_the_readers(
    folder: Path, run_example: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    ran = run_example("checksums/checksums.py", str(folder), "--readers", "2")
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == FILES + ODD
    assert ran.stderr.startswith(f"{FILES + ODD} files, {sum(range(FILES)) * 37 / 1e6:.1f} MB in ")
    assert int(ran.stderr.split()[-2]) <= 100
    if shutil.which("sha256sum"):
        checked = subprocess.run(
            ["sha256sum", "--check", "--quiet"],
            input=os.fsencode(ran.stdout),
            cwd=folder,
            capture_output=True,
            check=False,
        )
        assert (checked.returncode, checked.stdout) == (0, b"")


def test_check_says_what_is_missing_new_or_different(
    folder: Path, tmp_path: Path, run_example: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    sums = tmp_path / "sums"
    sums.write_bytes(os.fsencode(run_example("checksums/checksums.py", str(folder)).stdout))
    same = run_example("checksums/checksums.py", str(folder), "--check", str(sums))
    assert (same.returncode, same.stdout) == (0, "")
    (folder / "0" / "file 0").unlink()
    (folder / "1" / "file 1").write_bytes(b"y" * 37)
    (folder / "another").write_bytes(b"")
    changed = run_example("checksums/checksums.py", str(folder), "--check", str(sums))
    assert (changed.returncode, changed.stdout.splitlines()) == (
        1,
        ["0/file 0: missing", "1/file 1: different", "another: new"],
    )


def test_what_cannot_be_used_is_refused_and_said(
    folder: Path, tmp_path: Path, run_example: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    missing = run_example("checksums/checksums.py", str(tmp_path / "nowhere"))
    assert missing.returncode == 2
    assert "is no folder: name one that exists" in missing.stderr
    (tmp_path / "sums").write_text("no sums\n", encoding="utf-8")
    wrong = run_example("checksums/checksums.py", str(folder), "--check", str(tmp_path / "sums"))
    assert wrong.returncode == 1
    assert "line 1: not a line of sha256sum: no sums" in wrong.stderr
