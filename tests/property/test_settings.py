"""No text whatever makes a reader of configuration files fail but with a `SettingsError`."""

from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.chain.plan import ChainPlan, parse_hosts
from hansa.chain.templates import config_ini, group_genesis, group_ini
from hansa.codec.ini import SettingsError
from hansa.ledger.genesis import GenesisSettings, genesis_header, genesis_rows, parse_genesis_settings
from hansa.node.group_settings import parse_group_settings
from hansa.node.settings import parse_node_settings
from hansa.primitives import NodeId

_PLAN = ChainPlan(parse_hosts("127.0.0.1:2"), Path("nodes"))
_REAL = (
    config_ini(_PLAN, _PLAN.nodes[0]),
    group_genesis(_PLAN, 1, [NodeId(b"\1" * 64), NodeId(b"\2" * 64)], 1_700_000_000_000),
    group_ini(_PLAN),
)

_values = st.one_of(
    st.text(max_size=40),
    st.integers().map(str),
    st.sampled_from(
        ["true", "false", "rpbft", "raft", "mysql", "[::1]:1", "::", "a:1", "ab" * 64, "2.11.1", "0.5"]
    ),
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A real file with some values replaced and some lines lost, repeated or made up."""
    lines = draw(st.sampled_from(_REAL)).split("\n")
    for _ in range(draw(st.integers(0, 6))):
        index = draw(st.integers(0, len(lines) - 1))
        key = lines[index].strip("; ").partition("=")[0]
        lines[index : index + draw(st.integers(0, 1))] = draw(
            st.sampled_from(
                [[f"{key}={draw(_values)}"], [draw(st.text(max_size=30))], [], [lines[index]] * 2]
            )
        )
    return "\n".join(lines)


def answer_of(read: Callable[[], object]) -> object:
    """What was read, or the error that is allowed to happen."""
    try:
        return read()
    except SettingsError as error:
        return error


def read_all(text: str) -> None:
    answers = (
        answer_of(lambda: parse_node_settings(text, Path("/chain/config.ini"))),
        answer_of(lambda: parse_group_settings(text, "group.1.ini")),
        answer_of(lambda: parse_genesis_settings(text, "group.1.genesis", (2, 9, 1))),
    )
    for answer in answers:
        if isinstance(answer, SettingsError):
            assert answer.remedy
            assert "\n" not in str(answer)
        elif isinstance(answer, GenesisSettings):
            assert genesis_header(answer).number == 0
            assert genesis_rows(answer)


@given(st.text(max_size=400))
@settings(deadline=None)
def test_any_text(text: str) -> None:
    read_all(text)


@given(damaged())
@settings(max_examples=200, deadline=None)
def test_damaged_files(text: str) -> None:
    read_all(text)
