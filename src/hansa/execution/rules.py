"""The rules of a contract's source, and the steps put into it.

`instrumented` reads a module as a tree and gives back another that behaves the same, but counts steps and has
its unbounded operations guarded (`metering`, `guards`); or it says in which line a rule is broken and what to
write instead. Rules are refused at load, on every node alike, so that they cannot surprise inside a block:

    no import but names of the modules in IMPORTS          no set, no float, no complex number
    no generator, coroutine, `with`, `global`              no name or attribute of the interpreter (`__x__`,
    `x._y`) no bare `except`                                       no class or function changed from outside

Enforced is what careless code does by accident. A contract is installed by those who run the chain, who are
expected to have read it: the rules do not hold someone who means harm (decision 4).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from hansa.execution.errors import ContractError

__all__ = ["IMPORTS", "instrumented"]

IMPORTS: dict[str, frozenset[str] | None] = {
    "__future__": None,
    "collections.abc": None,
    "dataclasses": frozenset({"dataclass", "field", "replace"}),
    "enum": frozenset({"Enum", "IntEnum", "unique"}),
    "hansa.execution": frozenset(
        {
            "Account",
            "Address",
            "Context",
            "Contract",
            "Failure",
            "NotAuthorized",
            "Row",
            "Table",
            "fail",
            "method",
        }
    ),
    "types": frozenset({"MappingProxyType"}),
    "typing": None,
}
"""Modules a contract may import names from; None: all their public names."""

_GUARDED_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Mult: "mul",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.Mod: "mod",
}
_IN_PLACE = frozenset({"add", "mul"})
"""Lists change themselves; everything else is replaced."""

_GUARDED_CALLS = frozenset({"str", "int", "bytes", "list", "tuple", "dict"})
_GUARDED_METHODS = frozenset({"join", "replace", "extend"})
_REFUSED_METHODS = frozenset(
    {"center", "expandtabs", "format", "format_map", "ljust", "maketrans", "rjust", "translate", "zfill"}
)
_FORMAT_DIGITS_MAX = 3

_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Import: ("import", "write from … import …"),
    ast.Global: ("global", "keep what shall last in a table"),
    ast.Yield: ("yield", "return a list"),
    ast.YieldFrom: ("yield", "return a list"),
    ast.Await: ("await", "a contract waits for nothing"),
    ast.AsyncFunctionDef: ("async", "a contract waits for nothing"),
    ast.AsyncFor: ("async", "a contract waits for nothing"),
    ast.AsyncWith: ("async", "a contract waits for nothing"),
    ast.With: ("with", "a contract has nothing to close"),
    ast.Set: ("a set", "its order differs between nodes: use a dict or a list"),
    ast.SetComp: ("a set", "its order differs between nodes: use a dict or a list"),
    ast.TryStar: ("except*", "write except"),
}


def instrumented(source: str, file: str) -> ast.Module:
    """The tree of a contract's module, ready to be compiled.

    Raises:
        ContractError: a rule is broken, or the source is not Python.
    """
    try:
        tree = ast.parse(source, file)
    except (SyntaxError, ValueError) as error:
        raise ContractError(f"{file}: not Python source: {error}") from error
    _Rules(file, _module_names(tree.body)).visit(tree)
    return ast.fix_missing_locations(tree)


def _module_names(body: Sequence[ast.stmt]) -> frozenset[str]:
    """Names of classes, functions and imports, which live as long as the node."""
    names: set[str] = set()
    for statement in body:
        match statement:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.ImportFrom(names=aliases):
                names.update(alias.asname or alias.name for alias in aliases)
            case _:
                pass
    return frozenset(names)


def _private(name: str) -> ast.Name:
    return ast.Name(f"__hansa_{name}__", ast.Load())


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(_private(name), list(args), [])


def _is_repeatable(target: ast.expr) -> bool:
    """May it be evaluated twice? Names and what is reached from them by names and constants."""
    match target:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return _is_repeatable(value)
        case ast.Subscript(value=value, slice=index):
            return _is_repeatable(value) and _is_repeatable(index)
        case ast.Tuple(elts=parts):
            return all(map(_is_repeatable, parts))
        case _:
            return False


class _Rules(ast.NodeTransformer):
    def __init__(self, file: str, module_names: frozenset[str]) -> None:
        self._file = file
        self._module_names = module_names

    def _refuse(self, node: ast.AST, what: str, remedy: str) -> ContractError:
        line = getattr(node, "lineno", 0)
        return ContractError(f"{self._file}:{line}: a contract may not use {what}: {remedy}")

    def visit(self, node: ast.AST) -> ast.AST:
        """Refuse what is refused whole, then see to the parts."""
        refused = _REFUSED.get(type(node))
        if refused is not None:
            raise self._refuse(node, *refused)
        changed: ast.AST = super().visit(node)
        if changed is not node and isinstance(node, ast.expr | ast.stmt):
            ast.copy_location(changed, node)
        return changed

    # --- names ----------------------------------------------------------------------------------------------

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        names = IMPORTS.get(node.module or "") if not node.level else None
        if node.level or node.module not in IMPORTS:
            raise self._refuse(node, f"the module {node.module or '.'}", f"there are {', '.join(IMPORTS)}")
        for alias in node.names:
            if (
                alias.name.startswith("_")
                or alias.name == "*"
                or (names is not None and alias.name not in names)
            ):
                raise self._refuse(node, f"{alias.name} of {node.module}", "it is not offered")
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id.startswith("__"):
            raise self._refuse(node, node.id, "names with two underscores are the interpreter's")
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        if node.attr.startswith("__") or (node.attr.startswith("_") and not is_own):
            raise self._refuse(node, f".{node.attr}", "attributes with an underscore are private")
        if node.attr in _REFUSED_METHODS:
            raise self._refuse(node, f".{node.attr}", "write an f-string")
        is_lasting = isinstance(node.value, ast.Name) and node.value.id in self._module_names | {"cls"}
        if is_lasting and not isinstance(node.ctx, ast.Load):
            raise self._refuse(node, "a class as a store", "keep what shall last in a table")
        return self.generic_visit(node)

    # --- what repeats ---------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name.startswith("__hansa"):
            raise self._refuse(node, node.name, "this prefix is taken")
        self.generic_visit(node)
        depth = ast.Name("__hansa_depth__", ast.Store())
        left = ast.Expr(_call("leave", ast.Name("__hansa_depth__", ast.Load())))
        documented = 1 if ast.get_docstring(node, clean=False) is not None else 0
        body = node.body[documented:] or [ast.Pass()]
        node.body = [
            *node.body[:documented],
            ast.Assign([depth], _call("enter")),
            ast.Try(body=body, handlers=[], orelse=[], finalbody=[left]),
        ]
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        return _call("guarded", node)

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(_call("step")))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(_call("step")))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        if node.is_async:
            raise self._refuse(node.iter, "async", "a contract waits for nothing")
        self.generic_visit(node)
        node.ifs.insert(0, _call("step"))
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        """A list at once: nothing runs later than it stands."""
        self.generic_visit(node)
        return ast.ListComp(node.elt, node.generators)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.type is None:
            raise self._refuse(node, "except without a type", "write except Exception")
        return self.generic_visit(node)

    # --- what grows -----------------------------------------------------------------------------------------

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            raise self._refuse(node, "/", "write // for integers")
        guard = _GUARDED_OPERATORS.get(type(node.op))
        return node if guard is None else _call(guard, node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        guard = _GUARDED_OPERATORS.get(type(node.op))
        if isinstance(node.op, ast.Div):
            raise self._refuse(node, "/=", "write //= for integers")
        if guard is None:
            return self.generic_visit(node)
        if not _is_repeatable(node.target):
            raise self._refuse(node, "such a target", "give it a name first, or write the sum out")
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        self.generic_visit(node)
        current: ast.expr = self.visit(target)  # type: ignore[assignment]
        operation = f"i{guard}" if guard in _IN_PLACE else guard
        return ast.Assign([node.target], _call(operation, current, node.value))

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.slice, ast.Slice) and isinstance(node.ctx, ast.Store):
            raise self._refuse(node, "an assignment to a slice", "use append, extend or insert")
        return self.generic_visit(node)

    def visit_List(self, node: ast.List) -> ast.AST:
        return self._without_stars(node, node.elts)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        return self._without_stars(node, node.elts)

    def _without_stars(self, node: ast.List | ast.Tuple, parts: Sequence[ast.expr]) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and any(isinstance(part, ast.Starred) for part in parts):
            raise self._refuse(node, "* in a list or tuple", "add them with +")
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        self.generic_visit(node)
        match function:
            case ast.Name(id=name) if name in _GUARDED_CALLS:
                node.func = _private(name)
            case ast.Attribute(value=owner, attr=name) if name in _GUARDED_METHODS:
                return ast.Call(_private("method"), [ast.Constant(name), owner, *node.args], node.keywords)
            case _:
                pass
        return node

    # --- what differs between nodes -------------------------------------------------------------------------

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, float | complex):
            raise self._refuse(node, "a number that is not whole", "count in smaller units")
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        if node.conversion != -1:
            raise self._refuse(node, "!r, !s and !a", "format the parts of the value")
        node.value = _call("plain", self.visit(node.value))  # type: ignore[arg-type]
        if node.format_spec is not None and not _is_short_spec(node.format_spec):
            raise self._refuse(
                node, "this format", f"write a constant width of at most {_FORMAT_DIGITS_MAX} digits"
            )
        return node


def _is_short_spec(spec: ast.expr) -> bool:
    """A constant in which no number is long."""
    match spec:
        case ast.JoinedStr(values=[ast.Constant(value=str() as text)]):
            digits = "".join(character if character.isdigit() else " " for character in text).split()
            return all(len(number) <= _FORMAT_DIGITS_MAX for number in digits)
        case _:
            return False
