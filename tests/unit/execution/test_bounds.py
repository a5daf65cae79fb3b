"""A contract cannot run for ever, go too deep or take too much: the same way on every node."""

from __future__ import annotations

import pytest

from hansa.execution.metering import DEPTH_MAX, GAS_PER_STEP, STEPS_MAX
from hansa.execution.sandbox import Sandbox
from tests.unit.execution.conftest import Trial

ALICE = Sandbox.account("alice")


def run(trial: Trial, body: str, module: str = "") -> tuple[int, str, int]:
    lines = "\n".join(f"            {line}" for line in body.strip("\n").split("\n"))
    chain = trial(
        f"""
        @method("run()", returns="uint256")
        def run(self, context: Context) -> int:
{lines}
        """,
        module,
    )
    receipt = chain.send(ALICE, 0x5100, "run()")
    return receipt.status, receipt.error, receipt.gas_used


TOO_LONG = f"The contract used more than {STEPS_MAX} steps"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True:\n    try: return 1 // 0\n    except Exception: pass",
        "for _ in range(10 ** 18): pass",
        "return len([x for x in range(10 ** 9)])",
        "return sum(x for x in range(10 ** 9))",
        "return sum(range(10 ** 12))",
        "return len(list(range(10 ** 12)))",
        "return len(sorted(range(10 ** 9)))",
        "return max(range(10 ** 9))",
        "return len(tuple(map(str, range(10 ** 9))))",
        "return len(list(zip(range(10 ** 9), range(10 ** 9))))",
        "return len(dict(enumerate(range(10 ** 9))))",
        "return len({x: x for x in range(10 ** 9)})",
        "while True:\n    try:\n        while True: pass\n    finally:\n        pass",
    ],
)
def test_endless_work_ends(trial: Trial, body: str) -> None:
    status, error, _ = run(trial, body)
    assert (status, error) == (21, TOO_LONG)


def test_the_gas_that_is_left_bounds_the_steps(trial: Trial) -> None:
    chain = trial(
        """
        @method("run()")
        def run(self, context: Context) -> None:
            while True: pass
        """,
        rows=[("_sys_config_", [("key", "tx_gas_limit"), ("value", "100000"), ("enable_num", "0")])],
    )
    gas = 100_000 - 21_000 - 4 * 68
    receipt = chain.send(ALICE, 0x5100, "run()")
    assert (receipt.status, receipt.error) == (21, f"The contract used more than {gas // GAS_PER_STEP} steps")


@pytest.mark.parametrize(
    "operation",
    [
        "table.put('k', {'v': 1})",
        "table.insert('k', {'v': 1})",
        "context.own_table('x' + str(turn), key_field='k', fields=['v'])",
    ],
)
def test_operations_end_when_their_gas_is_gone(trial: Trial, operation: str) -> None:
    chain = trial(
        f"""
        @method("run()")
        def run(self, context: Context) -> None:
            table = context.own_table("t", key_field="k", fields=["v"])
            for turn in range(10 ** 9):
                {operation}
        """,
        rows=[("_sys_config_", [("key", "tx_gas_limit"), ("value", "3000000"), ("enable_num", "0")])],
    )
    receipt = chain.send(ALICE, 0x5100, "run()")
    assert receipt.status == 21
    assert receipt.error.startswith("OutOfGas when executing precompiled Contract, gasUsed: ")
    # All is taken back, the table that was made first included.
    assert chain.executor.select("p_5100_t", "k") == []


def test_operations_that_cost_nothing_end_too(trial: Trial) -> None:
    body = """
table = context.own_table("t", key_field="k", fields=["v"])
while True:
    table.select("k")
"""
    assert run(trial, body)[:2] == (21, TOO_LONG)


@pytest.mark.parametrize(
    ("module", "body"),
    [
        ("def down(n): return down(n + 1)", "return down(0)"),
        ("def odd(n): return even(n + 1)\ndef even(n): return odd(n + 1)", "return odd(0)"),
        ("", "f = lambda g: g(g)\nreturn f(f)"),
        ("", "return self.run(context)"),
        ("class Loop:\n    def __eq__(self, other): return self == other", "return Loop() == Loop()"),
    ],
)
def test_recursion_ends(trial: Trial, module: str, body: str) -> None:
    status, error, _ = run(trial, body, module)
    assert (status, error) == (21, f"The contract called itself more than {DEPTH_MAX} deep")


def test_depth_is_given_back_when_functions_end(trial: Trial) -> None:
    module = """
def down(n):
    if n:
        return down(n - 1)
    raise ValueError("at the bottom")
"""
    body = """
for _ in range(100):
    try: down(50)
    except ValueError: pass
    (lambda: 1)()
return 1
"""
    assert run(trial, body, module)[0] == 0


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("x = 'a'\nwhile True: x = x + x", "more than 1048576 items"),
        ("x = [0]\nwhile True: x += x", "more than 1048576 items"),
        ("x = [0]\nwhile True: x.extend(x)", "more than 1048576 items"),
        ("x = 'aa'\nwhile True: x = x.replace('a', x)", "more than 1048576 items"),
        ("x = ['ab', 'ab']\nwhile True: x = ['ab'.join(x), 'ab'.join(x)]", "more than 1048576 items"),
        ("return len('a' * 10 ** 9)", "more than 1048576 items"),
        ("return len(10 ** 9 * [0])", "more than 1048576 items"),
        ("return len(bytes(10 ** 9))", "more than 1048576 items"),
        ("x = 2\nwhile True: x = x * x", "more than 4096 bits"),
        ("x = 2\nwhile True: x *= x", "more than 4096 bits"),
        ("return 10 ** 10 ** 10", "more than 4096 bits"),
        ("return 1 << 10 ** 9", "more than 4096 bits"),
        ("return pow(2, 3)", "PrecompiledError"),
        ("return int('9' * 5000)", "PrecompiledError"),
        ("return '%1000000000d' % 1", "PrecompiledError"),
        ("return 2 ** -1", "PrecompiledError"),
    ],
)
def test_what_grows_without_bound_is_stopped(trial: Trial, body: str, text: str) -> None:
    status, error, _ = run(trial, body)
    assert status == 21
    assert text in error


def test_steps_do_not_depend_on_time_or_on_what_ran_before(trial: Trial) -> None:
    body = """
seen = {}
for index, word in enumerate(["a", "b", "c"]):
    seen[word] = [number for number in range(index) if number]
return sum(len(values) for values in seen.values()) + len(sorted(seen, key=lambda word: word))
"""
    costs = {run(trial, body) for _ in range(3)}
    assert len(costs) == 1
    # run, enumerate of 3, 3 turns, range items 0+1+2, values: 3 items and a sum of 3, sorted: 3 and 3 keys
    base = 21_000 + 4 * 68 + 3
    assert costs.pop()[2] == base + (1 + 3 + 3 + 3 + 3 + 3 + 3 + 3) * GAS_PER_STEP


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x = [1]; y = x; x += [2]; return len(y)", 2),
        ("x = (1,); y = x; x += (2,); return len(y)", 1),
        ("x = {'a': [1]}; x['a'] += [2]; return len(x['a'])", 2),
        ("x = {'a': 1}; x['a'] *= 7; return x['a']", 7),
        ("self.total = 3; self.total += 4; return self.total", 7),
        ("x = 7; x %= 4; x <<= 2; x **= 2; x -= 1; return x", 143),
        ("return int(f'{7:03d}' + str(8))", 78),
        ("return len(','.join(['a', 'b']).replace(',', '--'))", 4),
        ("return int(b'12'.decode(), 16) + int('0x10', 16)", 34),
        ("a, *b = [1, 2, 3]; return sum(b)", 5),
        ("return len(list('abc')) + len(tuple([1])) + len(dict(a=1)) + len(bytes([1, 2]))", 7),
        ("return [x for x in filter(None, [0, 1, 2])][0]", 1),
        ("return list(reversed([1, 2, 3]))[0] + min(3, 2) + max([1, 5])", 10),
        ("return 1 if any(x > 2 for x in [1, 3]) and all(x for x in [1]) else 0", 1),
        ("return sorted([(2, 'b'), (1, 'a')], key=lambda pair: pair[0])[0][0]", 1),
        ("match [1, 2]:\n    case [a, b]: return a + b", 3),
        ("return isinstance('a', str) + isinstance(1, int)", 2),
    ],
)
def test_what_is_counted_and_guarded_still_means_the_same(trial: Trial, line: str, value: int) -> None:
    chain = trial(
        "@method('run()', returns='uint256')\ndef run(self, context: Context) -> int:\n"
        + "\n".join(f"    {part}" for part in line.split("\n"))
    )
    assert chain.send(ALICE, 0x5100, "run()").values("uint256") == (value,)
