"""Clients' transactions on their way from the Channel into the pools (client protocol §3.8).

A loop turn's transactions arrive as one batch; each group's share goes to its pool as one list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hansa.channel.handlers import Accepted, Refused, Rejected, SubmissionOutcome, SubmittedTransaction
from hansa.node.flow_control import FlowControl
from hansa.node.group import FAR_BEHIND_BLOCKS, Group
from hansa.primitives import Hash32
from hansa.rpc.errors import GROUP_UNKNOWN, NOT_MEMBER, over_qps_limit, sdk_not_allowed
from hansa.rpc.refusals import node_is_syncing, transaction_refused
from hansa.txpool import STATUS_NAMES, Admission, AdmissionStatus

__all__ = ["ClientTransactions"]


class ClientTransactions:
    """The Channel's `TransactionSink`."""

    def __init__(self, find_group: Callable[[int], Group | None], flow: FlowControl) -> None:
        self._find_group = find_group
        self._flow = flow

    async def submit_transactions(self, batch: Sequence[SubmittedTransaction]) -> list[SubmissionOutcome]:
        """Pool them; one outcome for each, in order."""
        outcomes: dict[int, SubmissionOutcome] = {}
        by_group: dict[int, list[int]] = {}
        for index, submitted in enumerate(batch):
            group = self._find_group(submitted.group_id)
            if group is not None and not group.allow_list.permits(submitted.session.public_key):
                outcomes[index] = Rejected(*sdk_not_allowed(submitted.method))
            elif not self._flow.admits_request(submitted.method, submitted.group_id):
                outcomes[index] = Rejected(*over_qps_limit(submitted.method))
            else:
                by_group.setdefault(submitted.group_id, []).append(index)
        for group_id, indices in by_group.items():
            share = [batch[index].raw for index in indices]
            answers = await self._submit_to_group(group_id, share)
            outcomes.update(zip(indices, answers, strict=True))
        return [outcomes[index] for index in range(len(batch))]

    async def _submit_to_group(self, group_id: int, raws: Sequence[bytes]) -> list[SubmissionOutcome]:
        group = self._find_group(group_id)
        if group is None:
            return [Rejected(*GROUP_UNKNOWN)] * len(raws)
        if not group.is_member:
            status = AdmissionStatus.NOT_IN_GROUP
            return [Refused(Hash32(bytes(32)), status, STATUS_NAMES[status], *NOT_MEMBER)] * len(raws)
        if group.sync.blocks_behind > FAR_BEHIND_BLOCKS:
            fault = node_is_syncing()
            status = AdmissionStatus.REFUSED
            return [Refused(Hash32(bytes(32)), status, STATUS_NAMES[status], *fault)] * len(raws)
        answers = await group.pool.submit(raws, from_client=True)
        return [_outcome(raw, answer) for raw, answer in zip(raws, answers, strict=True)]


def _outcome(raw: bytes, answer: Admission) -> SubmissionOutcome:
    if answer.status == AdmissionStatus.ADMITTED:
        return Accepted(answer.hash)
    fault = transaction_refused(raw, answer.status, answer.hash)
    if answer.status == AdmissionStatus.MALFORMED:
        return Rejected(*fault)
    name = STATUS_NAMES[AdmissionStatus(answer.status)]
    return Refused(answer.hash, answer.status, name, *fault)
