package org.hansa.interop;

import java.util.List;
import java.util.function.Supplier;
import org.fisco.bcos.sdk.client.Client;
import org.fisco.bcos.sdk.contract.precompiled.consensus.ConsensusService;

/** A sealer becomes an observer, leaves, and comes back, through ConsensusService (execution §2.7). */
final class Consensus implements Theme {
    @Override
    public void run(Chain chain) throws Exception {
        Client client = chain.client();
        Checks checks = chain.checks();
        ConsensusService members = new ConsensusService(client, chain.account());
        Supplier<List<String>> sealers = () -> client.getSealerList().getSealerList();
        Supplier<List<String>> observers = () -> client.getObserverList().getObserverList();
        String node = unconnected(chain, sealers.get());

        checks.code("add observer", 1, members.addObserver(node));
        checks.soon("it observes", () -> observers.get().contains(node) && !sealers.get().contains(node));
        checks.check("three sealers go on", chain.deploy(chain.account()).getTransactionReceipt().isStatusOK());
        checks.code("remove", 1, members.removeNode(node));
        checks.soon("it is out", () -> !observers.get().contains(node) && !sealers.get().contains(node));
        checks.check("the group goes on", chain.deploy(chain.account()).getTransactionReceipt().isStatusOK());
        checks.code("observer again", 1, members.addObserver(node));
        checks.soon("it observes again", () -> observers.get().contains(node));
        checks.code("sealer again", 1, members.addSealer(node));
        checks.soon("it seals again", () -> sealers.get().contains(node) && !observers.get().contains(node));
        checks.check("four sealers go on", chain.deploy(chain.account()).getTransactionReceipt().isStatusOK());
        checks.refused("a node that nobody knows", () -> members.addSealer("ab".repeat(64)));
        checks.refused("a sealer that is one already", () -> members.addSealer(node));
    }

    /** A sealer that this program is not connected to, so that its own questions stay answered. */
    private static String unconnected(Chain chain, List<String> sealers) {
        List<String> connected = chain.peers().stream()
                .map(peer -> chain.client().getNodeInfo(peer).getNodeInfo().getNodeID())
                .toList();
        return sealers.stream().filter(sealer -> !connected.contains(sealer)).findFirst().orElseThrow();
    }
}
