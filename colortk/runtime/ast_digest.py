"""Digest the meaning of a Python source, without comments and layout, and list its imports."""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass

#: Version of the digest. Stored digests of other versions are not used.
SCHEME = 2
_REFERENCE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_MODULE = re.compile(r"\.*[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_IMPORTERS = {"import_module", "__import__", "find_spec"}
#: Fields that follow from others, or only describe how a literal is written.
_REDUNDANT = {"ctx", "kind", "type_comment", "type_ignores"}
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Imported:
    """An import statement: ``from <level dots>module import names``, or ``import module``."""

    level: int
    module: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class SourceDigest:
    """The meaning of a source file.

    Attributes
    ----------
    digest : str
        SHA-256 of the syntax tree without docstrings, comments and positions.
    imports : tuple of Imported
        Imports anywhere in the file, those inside of functions included. Imports for type
        checkers alone are left out.
    references : tuple of str
        Modules that strings name: ``"package.module:callable"``, and constant arguments of
        ``import_module``.
    lazy : dict of str to str
        Of a module with a ``__getattr__``: names that it offers, and the modules that tables of
        strings name for them.
    """

    digest: str
    imports: tuple[Imported, ...] = ()
    references: tuple[str, ...] = ()
    lazy: tuple[tuple[str, str], ...] = ()


def read_source(content: bytes) -> SourceDigest:
    """Parse a source file. For a file that is not valid Python, digest its bytes."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return SourceDigest(hashlib.sha256(content).hexdigest())
    reader = _Reader(b"__doc__" in content and _uses_docstrings(tree))
    lazy = _lazy_names(tree)
    reader.visit(tree)
    digest = hashlib.sha256("\0".join(reader.words).encode("utf-8", "surrogatepass")).hexdigest()
    references = tuple(sorted(reader.references - ({module for _, module in lazy})))
    return SourceDigest(digest, tuple(dict.fromkeys(reader.imports)), references, lazy)


class _Reader:
    """Collects the tokens for the digest, the imports and the references of a syntax tree.

    ``documented``: the module uses docstrings as data, so they count.
    """

    def __init__(self, documented: bool) -> None:
        self.documented = documented
        self.words: list[str] = []
        self.imports: list[Imported] = []
        self.references: set[str] = set()
        self._typing = 0

    def visit(self, node: ast.AST) -> None:
        self._collect(node)
        words = self.words
        words.append("(" + type(node).__name__)
        typing_only = isinstance(node, ast.If) and _is_type_checking(node.test)
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None and not (name == "value" and isinstance(node, ast.Constant)):
                continue
            if name in _REDUNDANT or value == []:
                continue
            words.append(name)
            self._typing += typing_only and name == "body"
            if isinstance(value, list):
                self._visit_list(value)
            elif isinstance(value, ast.AST):
                self.visit(value)
            else:
                words.append(f"{type(value).__name__} {value!r}")
            self._typing -= typing_only and name == "body"
        words.append(")")

    def _visit_list(self, values: list[ast.AST]) -> None:
        for value in values:
            if isinstance(value, ast.AST):
                if self.documented or not _is_text(value):
                    self.visit(value)
            else:  # names of a global statement, or the None of a dictionary's **
                self.words.append(repr(value))
        self.words.append("]")

    def _collect(self, node: ast.AST) -> None:
        if self._typing:
            return
        if isinstance(node, ast.Import):
            self.imports += [Imported(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            self.imports.append(Imported(node.level, node.module or "", names))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if match := _REFERENCE.fullmatch(node.value):
                self.references.add(match[1])
        elif isinstance(node, ast.Call):
            self._collect_call(node)

    def _collect_call(self, node: ast.Call) -> None:
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        first = node.args[0] if node.args else None
        if (
            name in _IMPORTERS
            and isinstance(first, ast.Constant)
            and isinstance(first.value, str)
            and _MODULE.fullmatch(first.value)
        ):
            module = first.value.lstrip(".")
            self.imports.append(Imported(len(first.value) - len(module), module, ()))


def _is_text(node: ast.AST) -> bool:
    """Return whether a statement is only a string: a docstring, or like a comment."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _uses_docstrings(tree: ast.Module) -> bool:
    return any(
        "__doc__" in (getattr(node, "id", ""), getattr(node, "attr", "")) for node in ast.walk(tree)
    )


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _lazy_names(tree: ast.Module) -> tuple[tuple[str, str], ...]:
    """Return the names that a module imports when they are first used, with their modules."""
    if not any(_defines_getattr(node) for node in tree.body):
        return ()
    modules_by_name: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                if isinstance(value, ast.Tuple | ast.List) and value.elts:
                    value = value.elts[0]
                texts = [getattr(part, "value", None) for part in (key, value)]
                if all(isinstance(text, str) for text in texts):
                    module = str(texts[1]).partition(":")[0]
                    if _MODULE.fullmatch(module):
                        modules_by_name[str(texts[0])] = module
    return tuple(modules_by_name.items())


def _defines_getattr(node: ast.stmt) -> bool:
    """Return whether a statement of a module defines or assigns its ``__getattr__``."""
    if isinstance(node, ast.If):
        return any(map(_defines_getattr, [*node.body, *node.orelse]))
    if isinstance(node, ast.Assign):
        names = [name for target in node.targets for name in ast.walk(target)]
        return any(isinstance(name, ast.Name) and name.id == "__getattr__" for name in names)
    return isinstance(node, _Function) and node.name == "__getattr__"
