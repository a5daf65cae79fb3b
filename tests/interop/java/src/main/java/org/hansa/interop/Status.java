package org.hansa.interop;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.fisco.bcos.sdk.client.Client;
import org.fisco.bcos.sdk.client.protocol.response.ConsensusStatus;
import org.fisco.bcos.sdk.client.protocol.response.Peers;
import org.fisco.bcos.sdk.client.protocol.response.SyncStatus;
import org.fisco.bcos.sdk.model.NodeVersion;

/** What a node says of itself, its peers and its group. */
final class Status implements Theme {
    private static final List<String> SYSTEM_KEYS = List.of("tx_count_limit", "tx_gas_limit", "consensus_timeout");

    @Override
    public void run(Chain chain) throws Exception {
        Client client = chain.client();
        Checks checks = chain.checks();
        NodeVersion.ClientVersion version = client.getNodeVersion().getNodeVersion();
        checks.check("supported version", version.getSupportedVersion().startsWith("2."));
        checks.equal("chain id", "1", version.getChainId());
        checks.check("standard cryptography", !version.getVersion().contains("gm"));

        checks.check("group list", client.getGroupList().getGroupList().contains("1"));
        checks.equal(
                "group status",
                "RUNNING",
                client.queryGroupStatus(Chain.GROUP, endpoint(chain)).getGroupStatus().getStatus());
        Set<String> sealers = new HashSet<>(client.getSealerList().getSealerList());
        checks.equal("sealers", 4, sealers.size());
        checks.check("no observers", client.getObserverList().getObserverList().isEmpty());
        checks.soon("node ids", () -> sealers.equals(new HashSet<>(client.getNodeIDList().getNodeIDList())));
        checks.equal("group peers", sealers, new HashSet<>(client.getGroupPeers().getGroupPeers()));
        for (Peers.PeerInfo peer : client.getPeers().getPeers()) {
            checks.check("peer " + peer.getIpAndPort() + " of " + peer.getAgency(), sealers.contains(peer.getNodeID()));
        }
        checks.check("node info", sealers.contains(client.getNodeInfo(endpoint(chain)).getNodeInfo().getNodeID()));

        ConsensusStatus.ConsensusInfo consensus = client.getConsensusStatus().getConsensusStatus();
        checks.equal("consensus counts nodes", "4", consensus.getBaseConsensusInfo().getNodeNum());
        checks.equal("consensus allows one fault", "1", consensus.getBaseConsensusInfo().getMaxFaultyNodeNum());
        checks.equal("views of all sealers", 4, consensus.getViewInfos().size());
        checks.check("view", client.getPbftView().getPbftView().signum() >= 0);
        SyncStatus.SyncStatusInfo sync = client.getSyncStatus().getSyncStatus();
        checks.equal(
                "genesis hash",
                client.getBlockByNumber(BigInteger.ZERO, false).getBlock().getHash(),
                "0x" + sync.getGenesisHash());
        checks.equal("sync peers", 3, sync.getPeers().size());

        checks.equal("nothing pends", BigInteger.ZERO, client.getPendingTxSize().getPendingTxSize());
        checks.check("no pending transactions", client.getPendingTransaction().getPendingTransactions().isEmpty());
        for (String key : SYSTEM_KEYS) {
            checks.check("system config " + key, !client.getSystemConfigByKey(key).getSystemConfig().isEmpty());
        }
        checks.check("block limit", client.getBlockLimit().compareTo(client.getBlockNumber().getBlockNumber()) > 0);
    }

    private static String endpoint(Chain chain) {
        return chain.peers().get(0);
    }
}
