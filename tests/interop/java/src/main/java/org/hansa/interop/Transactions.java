package org.hansa.interop;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.fisco.bcos.sdk.client.Client;
import org.fisco.bcos.sdk.client.protocol.response.BcosBlock;
import org.fisco.bcos.sdk.model.TransactionReceipt;
import org.fisco.bcos.sdk.transaction.manager.AssembleTransactionProcessor;
import org.fisco.bcos.sdk.transaction.model.dto.TransactionResponse;

/** Deploy, transact and call: receipts pushed, with proofs, asynchronously, and asked for later. */
final class Transactions implements Theme {
    private static final String GREETING = "Hello from Java";
    private static final int ASYNCHRONOUS = 20;

    @Override
    public void run(Chain chain) throws Exception {
        Client client = chain.client();
        Checks checks = chain.checks();
        TransactionResponse deployed = chain.deploy(chain.account());
        checks.check("deploy", deployed.getTransactionReceipt().isStatusOK());
        String contract = deployed.getContractAddress();
        checks.check("code", client.getCode(contract).getCode().length() > 2);
        checks.equal("no code at a stranger", "0x", client.getCode(chain.stranger().getAddress()).getCode());

        TransactionResponse set = chain.set(chain.account(), contract, GREETING);
        TransactionReceipt receipt = set.getTransactionReceipt();
        checks.check("set", receipt.isStatusOK());
        checks.check("event of set", set.getEventResultMap().containsKey("Greeted"));
        checks.equal("sender", chain.account().getAddress(), receipt.getFrom());
        checks.equal("get", GREETING, chain.get(contract));

        pushedWithProofs(chain, contract);
        pushedLater(chain, contract);
        sentOnly(chain, contract);
        checks.check("failed call", !chain.signedBy(chain.account())
                .sendTransactionAndGetResponse(chain.stranger().getAddress(), chain.abi(), "get", List.of())
                .getTransactionReceipt()
                .isStatusOK());
        checks.check(
                "unknown transaction",
                client.getTransactionReceipt("0x" + "ab".repeat(32)).getTransactionReceipt().isEmpty());
    }

    /** A receipt that brings its proofs along: both lead to the roots of the block's header. */
    private void pushedWithProofs(Chain chain, String contract) throws Exception {
        TransactionReceipt receipt = chain.client().sendRawTransactionAndGetReceiptWithProof(signed(chain, contract, "proved"));
        chain.checks().check("receipt with proofs", receipt.isStatusOK());
        BigInteger height = Numbers.parse(receipt.getBlockNumber());
        BcosBlock.Block block = chain.client().getBlockByNumber(height, false).getBlock();
        String index = receipt.getTransactionIndex();
        chain.checks().equal(
                "pushed transaction proof",
                block.getTransactionsRoot(),
                MerkleProof.root(chain.suite(), index, receipt.getTransactionHash(), receipt.getTxProof()));
        chain.checks().equal(
                "pushed receipt proof",
                block.getReceiptsRoot(),
                MerkleProof.root(
                        chain.suite(), index, MerkleProof.receiptHash(chain.suite(), receipt), receipt.getReceiptProof()));
    }

    /** Many at once: every callback gets its own receipt. */
    private void pushedLater(Chain chain, String contract) throws Exception {
        AssembleTransactionProcessor processor = chain.signedBy(chain.account());
        List<CompletableFuture<TransactionReceipt>> pending = new ArrayList<>();
        for (int number = 0; number < ASYNCHRONOUS; number++) {
            pending.add(processor.sendTransactionAsync(signed(chain, contract, "greeting " + number)));
        }
        for (int number = 0; number < ASYNCHRONOUS; number++) {
            TransactionReceipt receipt = pending.get(number).get(10, TimeUnit.SECONDS);
            String expected = processor.encodeFunction(chain.abi(), "set", List.of((Object) ("greeting " + number)));
            chain.checks().check("asynchronous " + number, receipt.isStatusOK() && receipt.getInput().equals(expected));
        }
    }

    /** Only the hash is awaited; the receipt is read when it is there. */
    private void sentOnly(Chain chain, String contract) throws Exception {
        String hash = chain.client().sendRawTransaction(signed(chain, contract, "sent only")).getTransactionHash();
        chain.checks().soon(
                "receipt of what was only sent",
                () -> chain.client().getTransactionReceipt(hash).getTransactionReceipt().isPresent());
    }

    private static String signed(Chain chain, String contract, String greeting) throws Exception {
        AssembleTransactionProcessor processor = chain.signedBy(chain.account());
        String data = processor.encodeFunction(chain.abi(), "set", List.of((Object) greeting));
        return processor.createSignedTransaction(contract, data, chain.account());
    }
}
