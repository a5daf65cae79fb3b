package org.hansa.interop;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.fisco.bcos.sdk.crypto.CryptoSuite;
import org.fisco.bcos.sdk.model.MerkleProofUnit;
import org.fisco.bcos.sdk.model.TransactionReceipt;
import org.fisco.bcos.sdk.rlp.RlpEncoder;
import org.fisco.bcos.sdk.rlp.RlpList;
import org.fisco.bcos.sdk.rlp.RlpString;
import org.fisco.bcos.sdk.rlp.RlpType;
import org.fisco.bcos.sdk.utils.Hex;

/** What a light client computes from a proof, with the SDK's own RLP and hash. */
final class MerkleProof {
    private MerkleProof() {}

    /** The root that a leaf and its proof lead to, as 0x text. */
    static String root(CryptoSuite suite, String index, String itemHash, List<MerkleProofUnit> proof) {
        byte[] current = join(RlpEncoder.encode(RlpString.create(integer(index))), bytes(itemHash));
        for (MerkleProofUnit unit : proof) {
            ByteArrayOutputStream level = new ByteArrayOutputStream();
            unit.getLeft().forEach(sibling -> level.writeBytes(bytes(sibling)));
            level.writeBytes(current);
            unit.getRight().forEach(sibling -> level.writeBytes(bytes(sibling)));
            current = suite.hash(level.toByteArray());
        }
        return "0x" + Hex.toHexString(current);
    }

    /** The hash of a receipt rebuilt from its JSON: eight items. */
    static String receiptHash(CryptoSuite suite, TransactionReceipt receipt) {
        List<RlpType> logs = new ArrayList<>();
        for (TransactionReceipt.Logs log : receipt.getLogs()) {
            List<RlpType> topics = new ArrayList<>();
            log.getTopics().forEach(topic -> topics.add(RlpString.create(bytes(topic))));
            logs.add(new RlpList(
                    RlpString.create(bytes(log.getAddress())), new RlpList(topics), RlpString.create(bytes(log.getData()))));
        }
        RlpList items = new RlpList(
                RlpString.create(bytes(receipt.getRoot())),
                RlpString.create(integer(receipt.getGasUsed())),
                RlpString.create(bytes(receipt.getContractAddress())),
                RlpString.create(bytes(receipt.getLogsBloom())),
                RlpString.create(integer(receipt.getStatus())),
                RlpString.create(bytes(receipt.getOutput())),
                RlpString.create(integer(receipt.getRemainGas())),
                new RlpList(logs));
        return Hex.toHexString(suite.hash(RlpEncoder.encode(items)));
    }

    private static BigInteger integer(String text) {
        return new BigInteger(text.substring(2), 16);
    }

    private static byte[] bytes(String text) {
        return Hex.decode(text.startsWith("0x") ? text.substring(2) : text);
    }

    private static byte[] join(byte[] left, byte[] right) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        joined.writeBytes(left);
        joined.writeBytes(right);
        return joined.toByteArray();
    }
}
