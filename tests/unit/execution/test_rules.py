"""What a contract's source may not do is said when it is loaded: the line, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.execution import ContractError
from hansa.execution.loading import load_contract
from hansa.execution.rules import instrumented
from tests.unit.execution.conftest import Trial


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import time", "write from … import …"),
        ("from time import time", "the module time"),
        ("from os.path import join", "the module os.path"),
        ("from . import other", "the module"),
        ("from hansa.execution import load_contract", "load_contract of hansa.execution"),
        ("from dataclasses import dataclass, fields", "fields of dataclasses"),
        ("from typing import *", "\\* of typing"),
        ("def f():\n    global x", "a table"),
        ("def f():\n    yield 1", "return a list"),
        ("async def f(): pass", "waits for nothing"),
        ("def f():\n    with f(): pass", "nothing to close"),
        ("x = {1, 2}", "its order differs"),
        ("x = {y for y in (1,)}", "its order differs"),
        ("x = 1.5", "smaller units"),
        ("x = 1j", "smaller units"),
        ("x = 1 / 2", "write // for integers"),
        ("def f(x):\n    x /= 2", "write //= for integers"),
        ("x = (1).__class__", "attributes with an underscore"),
        ("def f(context):\n    return context._call", "attributes with an underscore"),
        ("x = __builtins__", "names with two underscores"),
        ("x = __import__('os')", "names with two underscores"),
        ("def f():\n    try: pass\n    except: pass", "except Exception"),
        ("class C: pass\ndef f():\n    C.kept = 1", "a table"),
        ("class C:\n    @classmethod\n    def f(cls):\n        cls.kept = 1", "a table"),
        ("def f(): pass\nf.kept = 1", "a table"),
        ("def f(x):\n    x[0:0] = x", "append, extend or insert"),
        ("def f(x):\n    return [*x, *x]", "add them with"),
        ("def f(x):\n    return 'a'.ljust(x)", "write an f-string"),
        ("def f(x):\n    return '{}'.format(x)", "write an f-string"),
        ("def f(x):\n    return f'{x!r}'", "format the parts"),
        ("def f(x):\n    return f'{x:99999}'", "constant width"),
        ("def f(x):\n    return f'{x:{x}}'", "constant width"),
        ("def f(x):\n    x()[0] += 1", "give it a name first"),
        ("def f():\n    __hansa_step__ = 1", "names with two underscores"),
        ("def __hansa_step__(): pass", "this prefix is taken"),
        ("def f(:", "not Python source"),
        ("x = '\\0", "not Python source"),
    ],
)
def test_a_broken_rule_is_named_with_its_line(source: str, text: str) -> None:
    with pytest.raises(ContractError, match=text) as raised:
        instrumented(f"pass\n{source}", "c.py")
    assert str(raised.value).startswith("c.py:")


CONTRACT = """
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from hansa.execution import Context, Contract, method

{module}

class Kept(Contract):
    address = 0x5100
    {member}

    @method("run()")
    def run(self, context: Context) -> None: pass
"""


def load(folder: Path, module: str = "", member: str = "") -> None:
    (folder / "kept.py").write_text(CONTRACT.format(module=module, member=member))
    load_contract("kept:Kept", folder)


@pytest.mark.parametrize(
    ("module", "member"),
    [
        ("CACHE = {}", ""),
        ("SEEN = []", ""),
        ("BOTH = (1, [])", ""),
        ("BUFFER = dict(a=1)", ""),
        ("", "seen = []"),
        ("", "def f(self, seen=[]): pass"),
        ("", "def f(self, *, seen={}): pass"),
        ("class Box: pass\nBOX = Box()", ""),
        ("@dataclass\nclass Box:\n    x: int = 0\nBOX = Box()", ""),
        ("class Box:\n    seen = {}", ""),
    ],
)
def test_what_could_remember_a_call_in_the_next_is_refused(tmp_path: Path, module: str, member: str) -> None:
    with pytest.raises(ContractError, match="could remember one call in the next"):
        load(tmp_path, module, member)


@pytest.mark.parametrize(
    "module",
    [
        "RATES = MappingProxyType({'a': 1})",
        "NAMES = ('a', b'b', 3, None, True)",
        "class Kind(Enum):\n    A = 1",
        "@dataclass(frozen=True, slots=True)\nclass Point:\n    x: int\nORIGIN = Point(0)",
        "@dataclass\nclass Draft:\n    lines: list = field(default_factory=list)",
        "def helper(x, scale=2): return x * scale",
        "class Base:\n    @staticmethod\n    def f(x): return x\n    @property\n    def g(self): return 1",
        "from __future__ import annotations",
    ],
)
def test_constants_and_types_are_welcome(tmp_path: Path, module: str) -> None:
    if module.startswith("from __future__"):
        source = module + CONTRACT.format(module="@dataclass\nclass D:\n    x: int = 0", member="")
        (tmp_path / "kept.py").write_text(source)
        load_contract("kept:Kept", tmp_path)
    else:
        load(tmp_path, module)


def test_an_object_of_the_contract_lives_for_one_call(trial: Trial) -> None:
    chain = trial(
        """
        seen = 0

        @method("count()", returns="uint256")
        def count(self, context: Context) -> int:
            self.seen += 1
            return self.seen
        """
    )
    alice = chain.account("alice")
    assert [chain.send(alice, 0x5100, "count()").values("uint256") for _ in range(2)] == [(1,), (1,)]
