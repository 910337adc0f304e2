"""The documents for people who use the package: their links lead somewhere and their programs run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("examples/*/*.md"))]
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)")
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PROGRAMS = [
    pytest.param(match[1], id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, match in enumerate(PROGRAM.finditer(document.read_text(encoding="utf-8")), start=1)
]


def test_documents_with_programs_are_found() -> None:
    assert {"README.md-1", "usage.md-1", "usage.md-2", "usage.md-3"} <= {str(each.id) for each in PROGRAMS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_to_files(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_in_a_document_runs(program: str, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    ran = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
