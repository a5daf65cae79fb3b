package org.hansa.interop;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.fisco.bcos.sdk.client.Client;
import org.fisco.bcos.sdk.client.protocol.model.JsonTransactionResponse;
import org.fisco.bcos.sdk.client.protocol.response.BcosBlock;
import org.fisco.bcos.sdk.client.protocol.response.BcosBlockHeader;
import org.fisco.bcos.sdk.client.protocol.response.TotalTransactionCount;
import org.fisco.bcos.sdk.client.protocol.response.TransactionReceiptWithProof;
import org.fisco.bcos.sdk.client.protocol.response.TransactionWithProof;
import org.fisco.bcos.sdk.model.TransactionReceipt;

/** Every block of the chain so far, read in all ways there are and verified with the SDK's own utilities. */
final class Blocks implements Theme {
    @Override
    public void run(Chain chain) throws Exception {
        Client client = chain.client();
        Checks checks = chain.checks();
        BigInteger head = client.getBlockNumber().getBlockNumber();
        String parent = null;
        int transactions = 0;
        for (BigInteger height = BigInteger.ZERO; height.compareTo(head) <= 0; height = height.add(BigInteger.ONE)) {
            BcosBlock.Block block = client.getBlockByNumber(height, true).getBlock();
            checks.equal("height of block " + height, height, block.getNumber());
            checks.equal("hash of block " + height, block.getHash(), client.getBlockHashByNumber(height).getBlockHashByNumber());
            // Which quorum of signatures a node keeps is its own affair: two nodes may answer different ones.
            BcosBlock.Block byHash = client.getBlockByHash(block.getHash(), true).getBlock();
            checks.equal("number of block by hash", height, byHash.getNumber());
            checks.equal("transactions of block by hash", block.getTransactions(), byHash.getTransactions());
            checks.check("parent of block " + height, parent == null || parent.equals(block.getParentHash()));
            parent = block.getHash();
            if (height.signum() > 0) {
                header(chain, height);
                for (BcosBlock.TransactionResult<?> result : block.getTransactions()) {
                    transaction(chain, block, (JsonTransactionResponse) result.get());
                    transactions++;
                }
                receipts(chain, block);
            }
        }
        TotalTransactionCount.TransactionCountInfo totals = client.getTotalTransactionCount().getTotalTransactionCount();
        checks.equal("total of transactions", BigInteger.valueOf(transactions), Numbers.parse(totals.getTxSum()));
        checks.equal("one of them failed", "0x1", totals.getFailedTxSum());
    }

    private static void header(Chain chain, BigInteger height) {
        Checks checks = chain.checks();
        BcosBlockHeader.BlockHeader header = chain.client().getBlockHeaderByNumber(height, true).getBlockHeader();
        checks.equal("header hash recomputed", header.getHash(), header.calculateHash(chain.suite()));
        checks.equal(
                "header by hash",
                header.getHash(),
                chain.client()
                        .getBlockHeaderByHash(header.getHash(), true)
                        .getBlockHeader()
                        .calculateHash(chain.suite()));
        Set<String> signers = new HashSet<>();
        for (BcosBlockHeader.Signature signature : header.getSignatureList()) {
            String sealer = header.getSealerList().get(Integer.decode(signature.getIndex()));
            checks.check(
                    "signature of sealer " + signature.getIndex(),
                    chain.suite().verify(sealer, header.getHash().substring(2), signature.getSignature().substring(2)));
            signers.add(sealer);
        }
        int count = header.getSealerList().size();
        checks.check("quorum of signatures", signers.size() >= count - (count - 1) / 3);
    }

    private static void transaction(Chain chain, BcosBlock.Block block, JsonTransactionResponse listed) throws Exception {
        Client client = chain.client();
        Checks checks = chain.checks();
        String hash = listed.getHash();
        BigInteger index = Numbers.parse(listed.getTransactionIndex());
        checks.equal("transaction hash recomputed", hash, listed.calculateHash(chain.suite()));
        for (JsonTransactionResponse read : List.of(
                client.getTransactionByHash(hash).getTransaction().orElseThrow(),
                client.getTransactionByBlockHashAndIndex(block.getHash(), index).getTransaction().orElseThrow(),
                client.getTransactionByBlockNumberAndIndex(block.getNumber(), index).getTransaction().orElseThrow())) {
            checks.check("transaction read", read.getHash().equals(hash) && read.getInput().equals(listed.getInput()));
        }

        TransactionWithProof.TransactionAndProof proved =
                client.getTransactionByHashWithProof(hash).getTransactionWithProof();
        checks.equal(
                "transaction proof",
                block.getTransactionsRoot(),
                MerkleProof.root(chain.suite(), listed.getTransactionIndex(), hash, proved.getTransactionProof()));
        TransactionReceiptWithProof.ReceiptAndProof proof =
                client.getTransactionReceiptByHashWithProof(hash).getTransactionReceiptWithProof();
        String receiptHash = MerkleProof.receiptHash(chain.suite(), proof.getReceipt());
        checks.equal(
                "receipt proof",
                block.getReceiptsRoot(),
                MerkleProof.root(chain.suite(), listed.getTransactionIndex(), receiptHash, proof.getReceiptProof()));
        TransactionReceipt receipt = client.getTransactionReceipt(hash).getTransactionReceipt().orElseThrow();
        checks.equal("receipt gas", receipt.getGasUsed(), proof.getReceipt().getGasUsed());
    }

    /** All receipts of a block in one answer, compressed on the wire. */
    private static void receipts(Chain chain, BcosBlock.Block block) throws Exception {
        int count = block.getTransactions().size();
        chain.checks().equal("receipts by number", count, chain.client()
                .getBatchReceiptsByBlockNumberAndRange(block.getNumber(), "0", "-1")
                .decodeTransactionReceiptsInfo()
                .getTransactionReceipts()
                .size());
        chain.checks().equal("receipts by hash", count, chain.client()
                .getBatchReceiptsByBlockHashAndRange(block.getHash(), "0", "-1")
                .decodeTransactionReceiptsInfo()
                .getTransactionReceipts()
                .size());
    }
}
