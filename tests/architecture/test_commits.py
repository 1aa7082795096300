"""Whoever was handed a session is inside somebody's transaction, and leaves its end to them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSES = sorted((ROOT / "services").iterdir())
SOURCES = sorted(path for path in (ROOT / "services").rglob("*.py"))

# Rooms that others call: no transaction begins or ends here unless its sessions were handed in.
_ENDS = {"commit", "rollback", "close", "begin"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_ends_a_transaction_they_were_handed(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    assert list(_ended(tree)) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_commits_by_hand(source: Path) -> None:
    """A transaction ends with its block: after it nothing can be forgotten."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    found = [
        f"{node.lineno}: {ast.unparse(node.func)}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("commit", "rollback")
    ]
    assert found == []


def _ended(tree: ast.Module) -> Iterator[str]:
    for function in ast.walk(tree):
        if not isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
            continue
        handed = {
            argument.arg
            for argument in (*function.args.args, *function.args.kwonlyargs)
            if argument.annotation is not None
            and ast.unparse(argument.annotation) in ("AsyncSession", "Transaction", "Reading")
        }
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in _ENDS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in handed
            ):
                yield f"{node.lineno}: {ast.unparse(node.func)}()"


def test_the_check_itself_sees_what_it_should() -> None:
    wrong = "async def act(session: AsyncSession) -> None:\n    await session.commit()\n"
    assert list(_ended(ast.parse(wrong))) == ["2: session.commit()"]
