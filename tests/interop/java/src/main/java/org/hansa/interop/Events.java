package org.hansa.interop;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.fisco.bcos.sdk.abi.ABICodec;
import org.fisco.bcos.sdk.eventsub.EventLogParams;
import org.fisco.bcos.sdk.eventsub.EventSubscribe;
import org.fisco.bcos.sdk.model.EventLog;
import org.fisco.bcos.sdk.model.TransactionReceipt;
import org.fisco.bcos.sdk.transaction.model.dto.TransactionResponse;

/** Contract events through EventSubscribe: history, live logs, a range that ends, a subscription that is ended. */
final class Events implements Theme {
    private static final int TIMEOUT_MS = 10_000;
    private static final int QUIET_MS = 500;
    private static final int COMPLETED = 1;

    @Override
    public void run(Chain chain) throws Exception {
        Checks checks = chain.checks();
        String contract = chain.deploy(chain.account()).getContractAddress();
        TransactionReceipt first = greet(chain, contract, "history");
        EventSubscribe events = chain.sdk().getEventSubscribe(Chain.GROUP);
        events.start();

        Listener all = new Listener();
        String subscription = events.subscribeEvent(params(first, "latest", contract), all::hear);
        checks.check("subscribed", !subscription.isEmpty());
        verify(chain, "history", first, all.next());
        TransactionReceipt second = greet(chain, contract, "live");
        verify(chain, "live log", second, all.next());

        Listener ranged = new Listener();
        events.subscribeEvent(params(first, number(second).toString(), contract), ranged::hear);
        verify(chain, "range begins", first, ranged.next());
        verify(chain, "range goes on", second, ranged.next());
        checks.equal("range ends", COMPLETED, ranged.ends.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS));

        Listener elsewhere = new Listener();
        events.subscribeEvent(params(first, "latest", "0x" + "12".repeat(20)), elsewhere::hear);
        events.unsubscribeEvent(subscription, all::hear);
        checks.soon("unsubscribed", () -> events.getAllSubscribedEvent().stream()
                .noneMatch(filter -> filter.getRegisterID().equals(subscription)));
        greet(chain, contract, "not for everybody");
        Thread.sleep(QUIET_MS);
        checks.check("silence after the end", all.logs.isEmpty());
        checks.check("other contracts are not heard", elsewhere.logs.isEmpty());
        events.stop();
    }

    private static TransactionReceipt greet(Chain chain, String contract, String text) throws Exception {
        TransactionResponse set = chain.set(chain.account(), contract, text);
        return set.getTransactionReceipt();
    }

    private static BigInteger number(TransactionReceipt receipt) {
        return new BigInteger(receipt.getBlockNumber().substring(2), 16);
    }

    private static EventLogParams params(TransactionReceipt first, String last, String contract) {
        EventLogParams params = new EventLogParams();
        params.setFromBlock(number(first).toString());
        params.setToBlock(last);
        params.setAddresses(new ArrayList<>(List.of(contract)));
        params.setTopics(new ArrayList<>());
        return params;
    }

    private static void verify(Chain chain, String name, TransactionReceipt receipt, EventLog log) throws Exception {
        Checks checks = chain.checks();
        TransactionReceipt.Logs left = receipt.getLogs().get(0);
        checks.equal(name + ": transaction", receipt.getTransactionHash(), log.getTransactionHash());
        checks.equal(name + ": block", receipt.getBlockHash(), log.getBlockHash());
        checks.equal(name + ": height", number(receipt), log.getBlockNumber());
        checks.equal(name + ": index", BigInteger.ZERO, log.getLogIndex());
        checks.equal(name + ": contract", left.getAddress(), log.getAddress());
        checks.equal(name + ": topics", left.getTopics(), log.getTopics());
        checks.equal(name + ": data", left.getData(), log.getData());
        List<Object> values = new ABICodec(chain.suite()).decodeEvent(chain.abi(), "Greeted", log);
        checks.check(name + ": decodes", !values.isEmpty());
    }

    private static final class Listener {
        final BlockingQueue<EventLog> logs = new LinkedBlockingQueue<>();
        final BlockingQueue<Integer> ends = new LinkedBlockingQueue<>();

        /** Also called when the node accepts the subscription, then with status 0 and without logs. */
        void hear(int status, List<EventLog> heard) {
            if (status != 0) {
                ends.add(status);
            } else if (heard != null) {
                logs.addAll(heard);
            }
        }

        EventLog next() throws InterruptedException {
            EventLog log = logs.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS);
            if (log == null) {
                throw new AssertionError("failed: no log was pushed, but " + ends);
            }
            return log;
        }
    }
}
