"""What is printed from the code stands in the documents as it is now."""

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent.parent


def _printer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_print", ROOT / "docs" / "print.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_newcomer_finds_the_pictures_as_the_code_has_them() -> None:
    printer = _printer()

    assert printer.printed(printer.PAGE.read_text()) == printer.PAGE.read_text(), "run: python docs/print.py"


def test_a_newcomer_finds_every_document_the_readme_names() -> None:
    named = [part for part in (ROOT / "README.md").read_text().split("`") if part.startswith(("docs/", "keys/"))]

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
