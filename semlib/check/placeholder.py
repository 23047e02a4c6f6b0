"""The placeholder that stands where an answer is missing."""

from typing import Any


class Todo:
    """Equal to nothing, itself included, and patient with whatever is done to it: a cell
    that is not filled in yet does not stop a notebook."""

    def __repr__(self) -> str:
        return "…"

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __iter__(self):
        return iter(())

    def __float__(self) -> float:
        return float("nan")

    def __hash__(self) -> int:
        return id(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what other programs ask of every object
            raise AttributeError(name)
        return self

    def _same(self, *_: Any, **__: Any) -> Any:
        return self

    def _no(self, _: object) -> bool:
        return False

    def _yes(self, _: object) -> bool:
        return True

    __call__ = __getitem__ = _same
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __pow__ = _same
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rpow__ = _same
    __matmul__ = __rmatmul__ = __neg__ = __abs__ = __round__ = _same
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _no
    __ne__ = _yes
    __array_ufunc__ = None  # NumPy's arrays leave their operators to it


todo = Todo()


def missing(answer: object) -> bool:
    """Whether an answer, or a part of it, is still a placeholder."""
    if isinstance(answer, dict):
        return any(map(missing, answer.values()))
    if isinstance(answer, list | tuple):
        return any(map(missing, answer))
    return answer is None or answer is ... or isinstance(answer, Todo)
