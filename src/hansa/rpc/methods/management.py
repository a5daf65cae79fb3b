"""Methods that manage groups at run time (client protocol §3.5, node §6.1)."""

from __future__ import annotations

from collections.abc import Mapping

from hansa.primitives import GroupId
from hansa.rpc.errors import DYNAMIC_GROUPS_DISABLED, RpcError
from hansa.rpc.framing import Json
from hansa.rpc.group_operations import (
    ANSWER_OK,
    GROUP_ID_TEXT,
    GroupOperation,
    GroupOutcome,
    GroupStatus,
    InvalidParameter,
    answer,
    invalid_parameter,
    is_group_id,
    read_new_group,
)
from hansa.rpc.views import NodeView

__all__ = [
    "generate_group",
    "query_group_status",
    "recover_group",
    "remove_group",
    "start_group",
    "stop_group",
]


async def generate_group(node: NodeView, group: int, parameters: Mapping[str, Json]) -> Json:
    """Write the files of a new group on this node."""
    _check_enabled(node)
    if not is_group_id(group):
        return invalid_parameter(GROUP_ID_TEXT)
    try:
        wanted = read_new_group(parameters)
    except InvalidParameter as error:
        return invalid_parameter(str(error))
    result = await node.generate_group(GroupId(group), wanted)
    return answer(GroupOperation.GENERATE, GroupId(group), result)


async def start_group(node: NodeView, group: int) -> Json:
    """Run a stopped group."""
    return await _change(node, group, GroupOperation.START)


async def stop_group(node: NodeView, group: int) -> Json:
    """Stop a running group."""
    return await _change(node, group, GroupOperation.STOP)


async def remove_group(node: NodeView, group: int) -> Json:
    """Mark a stopped group as deleted; its files stay."""
    return await _change(node, group, GroupOperation.REMOVE)


async def recover_group(node: NodeView, group: int) -> Json:
    """Undo removeGroup."""
    return await _change(node, group, GroupOperation.RECOVER)


async def query_group_status(node: NodeView, group: int) -> Json:
    """The group's state; open even where dynamic groups are disabled."""
    if not is_group_id(group):
        return invalid_parameter(GROUP_ID_TEXT) | {"status": ""}
    status = await node.group_status(GroupId(group))
    if status is GroupStatus.UNKNOWN:
        message = "Please check `.group_status` file of the group"
        return {"code": GroupOutcome.FAILED.value, "message": message, "status": status.value}
    return {"code": ANSWER_OK, "message": "", "status": status.value}


async def _change(node: NodeView, group: int, operation: GroupOperation) -> Json:
    _check_enabled(node)
    if not is_group_id(group):
        return invalid_parameter(GROUP_ID_TEXT)
    return answer(operation, GroupId(group), await node.change_group(GroupId(group), operation))


def _check_enabled(node: NodeView) -> None:
    if not node.dynamic_groups_enabled:
        raise RpcError(DYNAMIC_GROUPS_DISABLED)
