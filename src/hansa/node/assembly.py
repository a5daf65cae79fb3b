"""Who gets what: the page on which a node is put together.

From the inside out: threads, gateway, groups, JSON-RPC, AMOP and events, Channel. Everything is an `async
with`, so that leaving closes it in the opposite order: first nobody can ask any more, then the groups stop
with their last block stored, then the threads end, then the databases close.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hansa.amop import AmopService
from hansa.channel.handlers import SessionInfo
from hansa.channel.server import ChannelServer, ChannelServerConfig
from hansa.channel.tls import load_server_tls, node_certificate_files
from hansa.codec.ini import SettingsError
from hansa.events import ContractEvents, EventGroup
from hansa.execution import ContractError, InstalledContract, load_contracts
from hansa.kernel import Block
from hansa.ledger.errors import ForeignDatabase
from hansa.ledger.genesis import load_genesis_settings
from hansa.node.flow_control import FlowControl
from hansa.node.group import Group
from hansa.node.group_settings import load_group_settings
from hansa.node.group_view import RunningGroup
from hansa.node.links import NodeSigner
from hansa.node.node_view import RunningNode
from hansa.node.settings import NodeSettings
from hansa.node.submissions import ClientTransactions
from hansa.p2p import Gateway, GatewayConfig, TlsMaterialError, load_node_tls
from hansa.primitives import Hash32
from hansa.rpc.http import HttpServer
from hansa.rpc.service import RpcService
from hansa.rpc.views import Gate, Refusal
from hansa.storage import StorageCorrupted
from hansa.txpool import STATUS_NAMES, AdmissionStatus

__all__ = ["Node", "running_node"]

logger = logging.getLogger("hansa.node")

_THREADS = 4
"""Few: the kernel spreads its own work over all cores, and the disk is one."""

_GROUP_FAILURES = (SettingsError, StorageCorrupted, ForeignDatabase)
"""What is wrong with one group's files, and nothing else. A disk that fails concerns them all."""

_GENESIS_NAME = re.compile(r"group\.([0-9]+)\.genesis")


class Node:
    """What a running node consists of."""

    def __init__(self, gateway: Gateway, groups: Sequence[Group], left_out: Sequence[str]) -> None:
        self.gateway = gateway
        self.groups = groups
        self.left_out = left_out
        """Of each group whose files cannot be used: which, and why."""

    def stop(self) -> None:
        """Ask every group to end; `running_node` ends when they have."""
        for group in self.groups:
            group.stop()


@asynccontextmanager
async def running_node(settings: NodeSettings) -> AsyncIterator[tuple[Node, asyncio.Future[list[None]]]]:
    """Put a node together and start it; it ends with the block.

    Yields the node, and what ends when its groups have ended.

    Raises:
        SettingsError, TlsMaterialError, CertificateFilesError: a file cannot be followed, and which.
        StorageError, ForeignDatabase: the data cannot be used.
        OSError: a port cannot be listened on.
    """
    _check_supported(settings)
    certificates = settings.certificates
    node_tls = load_node_tls(certificates.ca_certificate, certificates.certificate, certificates.key)
    channel_tls = load_server_tls(
        node_certificate_files(certificates.data_path, rsa=settings.chain.rsa_crypto_channel),
        check_issuer=certificates.check_issuer,
    )
    if channel_tls.missing_curves:
        logger.warning("the Channel cannot offer these curves: %s", ", ".join(channel_tls.missing_curves))
    async with AsyncExitStack() as stack:
        databases = stack  # closed last
        gateway = Gateway(
            GatewayConfig(
                listen_ip=settings.p2p.listen.host,
                listen_port=settings.p2p.listen.port,
                tls=node_tls,
                peers=tuple(settings.p2p.peers),
                whitelist=settings.certificate_whitelist,
                blacklist=settings.certificate_blacklist,
                compress=settings.p2p.enable_compress,
            )
        )
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="worker")
        asyncio.get_running_loop().set_default_executor(threads)
        flow = FlowControl(settings.flow_control, asyncio.get_running_loop().time)
        groups, left_out = _open_groups(settings, gateway, flow, threads, databases)
        stack.callback(threads.shutdown)
        await stack.enter_async_context(gateway)

        amop = AmopService(gateway, may_send=flow.bandwidth.admits)
        events = ContractEvents(threads)
        view = RunningNode(settings, gateway, amop.topics_of)
        for group in groups:
            view.add_group(RunningGroup(group, threads, acts_as_member=settings.rpc.act_as_group_member))
        service = RpcService(view)
        groups_by_id = {int(group.ledger.group_id): group for group in groups}
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        rpc_listen, channel_listen = settings.rpc.jsonrpc_listen, settings.rpc.channel_listen
        channel = ChannelServer(
            ChannelServerConfig(
                host=channel_listen.host,
                port=channel_listen.port,
                node_version=".".join(map(str, settings.supported_version)),
            ),
            channel_tls,
            rpc=_Doors(groups_by_id, service, flow),
            transactions=ClientTransactions(groups_by_id.get, flow),
            transaction_hash=settings.chain.suite.hash,
            event_filters=events,
            amop=amop,
        )
        await stack.enter_async_context(amop.running(channel.send_frame))
        await stack.enter_async_context(events.running(channel))
        for group in groups:
            events.add_group(
                EventGroup(group.ledger.group_id, group.ledger, group.event_limits, group.allow_list.permits)
            )
        await stack.enter_async_context(channel)
        announcer = _Announcer(channel, events)
        for group in groups:
            group.pool.on_dropped(announcer.refuse_dropped)
        running = [
            tasks.create_task(group.run(announcer.announcing(group)), name=f"group {group.ledger.group_id}")
            for group in groups
        ]
        await stack.enter_async_context(HttpServer(rpc_listen.host, rpc_listen.port, service.answer))
        node = Node(gateway, groups, left_out)
        stack.callback(node.stop)
        yield node, asyncio.gather(*running)


def _open_groups(
    settings: NodeSettings,
    gateway: Gateway,
    flow: FlowControl,
    threads: ThreadPoolExecutor,
    databases: AsyncExitStack,
) -> tuple[list[Group], list[str]]:
    """Every group whose genesis file is there, and why others are left out: what is wrong with one group's
    files is no reason to stop the rest, as long as there is a rest.
    """
    signer = NodeSigner(_load_secret(settings.certificates.key), settings.chain.suite)
    contracts = _load_contracts(settings)
    groups: list[Group] = []
    failures: list[Exception] = []
    for number, genesis_file in _genesis_files(settings):
        try:
            genesis = load_genesis_settings(genesis_file, settings.supported_version, settings.chain.suite)
            _check_number(genesis_file, number, genesis.group_id)
            settings_file = genesis_file.with_suffix(".ini")
            group_settings = load_group_settings(settings_file)
            for warning in (*genesis.warnings, *group_settings.warnings):
                logger.warning("%s", warning)
            group = Group(
                genesis=genesis,
                genesis_file=genesis_file,
                settings=group_settings,
                settings_file=settings_file,
                data_path=settings.group_data_path / f"group{genesis.group_id}",
                chain_id=settings.chain.id,
                gateway=gateway,
                bandwidth=flow.add_group(genesis.group_id, group_settings.flow_control),
                signer=signer,
                threads=threads,
                contracts=contracts,
            )
        except _GROUP_FAILURES as error:
            logger.error("group %d is left out: %s", number, error)
            failures.append(error)
            continue
        databases.callback(group.close)
        groups.append(group)
    if not groups:
        raise failures[0]
    return groups, [str(error) for error in failures]


def _check_number(genesis_file: Path, number: int, group_id: int) -> None:
    if number != group_id:
        raise SettingsError(
            file=str(genesis_file),
            section="group",
            key="id",
            problem=f"the file says group {group_id}, its name group {number}",
            remedy="let both say the same; a group's files are named after it",
        )


def _load_contracts(settings: NodeSettings) -> tuple[InstalledContract, ...]:
    """Contracts in Python, the same on every node: their digests are logged to be compared."""
    try:
        contracts = load_contracts(settings.contracts, settings.file.parent)
    except ContractError as error:
        raise SettingsError(
            file=str(settings.file),
            section="execution",
            key="contracts",
            problem=str(error),
            remedy="mend the contract, or name another as package.module:Class",
        ) from error
    for contract in contracts:
        logger.info(
            "contract %s at 0x%s from block %d on, source %s",
            contract.name,
            contract.address.hex(),
            contract.first_block,
            contract.source_digest,
        )
    return contracts


def _genesis_files(settings: NodeSettings) -> list[tuple[int, Path]]:
    """Genesis files with the number in their name, ascending."""
    folder = settings.group_config_path
    found = sorted(
        (int(match[1]), path)
        for path in folder.glob("group.*.genesis")
        if (match := _GENESIS_NAME.fullmatch(path.name))
    )
    if not found:
        raise SettingsError(
            file=str(settings.file),
            section="group",
            key="group_config_path",
            problem=f"there is no group.N.genesis in {folder}",
            remedy="put the genesis file of the chain's group there",
        )
    return found


def _check_supported(settings: NodeSettings) -> None:
    refused = (
        (
            settings.chain.sm_crypto,
            "chain",
            "sm_crypto",
            "nodes of a guomi chain talk over guomi TLS, which this version does not speak",
        ),
        (
            settings.encryption is not None,
            "storage_security",
            "enable",
            "encryption of the disk is not supported by this version",
        ),
    )
    for is_refused, section, key, problem in refused:
        if is_refused:
            raise SettingsError(
                file=str(settings.file), section=section, key=key, problem=problem, remedy="write false"
            )


def _load_secret(path: Path) -> bytes:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TlsMaterialError(f"{path} holds no elliptic curve key")
    return key.private_numbers().private_value.to_bytes(32, "big")


class _Doors:
    """What a Channel session may ask: the JSON-RPC behind each group's allow-list and the quotas."""

    def __init__(self, groups: Mapping[int, Group], service: RpcService, flow: FlowControl) -> None:
        self._groups = groups
        self._service = service
        self._flow = flow

    async def handle(self, data: bytes, session: SessionInfo) -> bytes:
        """The channel's `RpcHandler`."""
        return await self._service.handle(data, self._gate(session))

    def _gate(self, session: SessionInfo) -> Gate:
        def ask(method: str, group_id: int | None) -> Refusal | None:
            group = None if group_id is None else self._groups.get(group_id)
            if group is not None and not group.allow_list.permits(session.public_key):
                return Refusal.SDK_NOT_ALLOWED
            return None if self._flow.admits_request(method, group_id) else Refusal.OVER_QPS_LIMIT

        return ask


class _Announcer:
    """Tells clients of blocks and of what became of their transactions."""

    def __init__(self, channel: ChannelServer, events: ContractEvents) -> None:
        self._channel = channel
        self._events = events

    def announcing(self, group: Group) -> Callable[[Block], Awaitable[None]]:
        """What a group calls for each committed block."""
        group_id = group.ledger.group_id

        async def announce(block: Block) -> None:
            self._channel.notify_block(group_id, block.number)
            waiting = self._channel.take_waiting(block.transactions.hashes)
            if waiting:
                receipts = await asyncio.to_thread(
                    _receipts, block, [(index, who.with_proof) for index, who in waiting]
                )
                self._channel.push_receipts(
                    (who.session_id, who.seq, receipt)
                    for (_, who), receipt in zip(waiting, receipts, strict=True)
                )
            self._events.on_block(group_id)

        return announce

    def refuse_dropped(self, hashes: Sequence[Hash32]) -> None:
        """The pool gave these up."""
        status = AdmissionStatus.REFUSED
        self._channel.push_refusals(hashes, status, STATUS_NAMES[status])


def _receipts(block: Block, wanted: Sequence[tuple[int, bool]]) -> list[bytes]:
    """Receipts by (index, with proof); all at once where that is cheaper."""
    plain = [index for index, with_proof in wanted if not with_proof]
    made = block.receipts_json() if len(plain) > 8 else None
    return [
        block.receipt_json(index, with_proofs=with_proof) if with_proof or made is None else made[index]
        for index, with_proof in wanted
    ]
