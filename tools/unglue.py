"""A chapter's code without `glue`, which hands numbers to the page and to no reader."""

import ast
from collections.abc import Iterator
from typing import Any

Node = ast.AST


def without_glue(cells: list[str]) -> list[str]:
    """The code of a chapter's cells without `glue` and without what only it used: a
    cell that did nothing else is empty."""
    trees = [ast.parse(cell) for cell in cells]
    idle: set[Node] = set()
    before = used(trees, idle)
    while True:
        unused = before - used(trees, idle)
        more = {n for n in nodes(trees, idle) if is_idle(n, unused, idle)}
        if not more:
            break
        idle |= more
    return [cut(cell, tree, idle) for cell, tree in zip(cells, trees)]


def nodes(trees: list[ast.Module], idle: set[Node]) -> Iterator[Node]:
    """Everything outside of what is idle."""
    waiting: list[Node] = [*trees]
    while waiting:
        node = waiting.pop()
        if node not in idle:
            yield node
            waiting += ast.iter_child_nodes(node)


def used(trees: list[ast.Module], idle: set[Node]) -> set[str]:
    """The names that code outside of what is idle needs."""
    names = {
        node.id
        for node in nodes(trees, idle)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)
    }
    return names | {
        node.target.id
        for node in nodes(trees, idle)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }


def is_idle(node: Node, unused: set[str], idle: set[Node]) -> bool:
    """A call of `glue`, a block of nothing else, or what sets unused names only."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="glue"))):
            return True
        case ast.For(body=body) | ast.If(body=body, orelse=[]):
            return idle.issuperset(body)
        case ast.Assign(targets=targets):
            names = [
                n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)
            ]
        case ast.FunctionDef(name=name):
            names = [name]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            names = [alias.asname or alias.name.split(".")[0] for alias in aliases]
        case _:
            return False
    return unused.issuperset(names)


def cut(cell: str, tree: ast.Module, idle: set[Node]) -> str:
    """A cell without its idle lines.

    Raises:
        ValueError: other code stands on them.
        SyntaxError: a function has no line left.
    """
    lines: list[str | None] = [*cell.split("\n")]
    for node in idle.intersection(ast.walk(tree)):
        assert isinstance(node, ast.stmt)
        first, end = node.lineno - 1, node.end_lineno
        lines[first:end] = [None] * len(lines[first:end])
    left = [node for node in tree.body if node not in idle]
    if left and left[-1] is not tree.body[-1] and has_value(left[-1]):
        last = (left[-1].end_lineno or 0) - 1
        lines[last] = f"{lines[last]};"  # now the last, and shown if it were not for this
    text = tidy(lines)
    if ast.dump(ast.parse(text)) != ast.dump(Without(idle).visit(tree)):
        raise ValueError(f"glue shares lines with other code:\n{cell}")
    return text


class Without(ast.NodeTransformer):
    """A tree without its idle nodes."""

    def __init__(self, idle: set[Node]):
        self.idle = idle

    def visit(self, node: Node) -> Any:
        return None if node in self.idle else self.generic_visit(node)


def has_value(node: ast.stmt) -> bool:
    """Whether a notebook would show what a cell that ends with it is worth."""
    match node:
        case ast.Expr(value=ast.Call(func=function)):
            return ast.unparse(function) not in ("print", "plt.show")
        case _:
            return isinstance(node, ast.Expr)


def tidy(lines: list[str | None]) -> str:
    """The lines that are left; what stood between blank lines leaves one gap of two."""
    kept: list[str] = []
    spare = 0  # blank lines that have a like one before the cut
    for line in lines:
        if line is None:
            spare = len(kept) - len("\n".join(kept).rstrip("\n").split("\n"))
        elif line or not spare:
            kept.append(line)
            spare = 0
        else:
            spare -= 1
    return "\n".join(kept).strip("\n")
