package org.hansa.interop;

import java.io.File;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.fisco.bcos.sdk.BcosSDK;
import org.fisco.bcos.sdk.client.Client;
import org.fisco.bcos.sdk.client.protocol.response.BcosBlock;
import org.fisco.bcos.sdk.client.protocol.response.BcosBlockHeader;
import org.fisco.bcos.sdk.client.protocol.response.TransactionReceiptWithProof;
import org.fisco.bcos.sdk.client.protocol.response.TransactionWithProof;
import org.fisco.bcos.sdk.config.ConfigOption;
import org.fisco.bcos.sdk.config.model.ConfigProperty;
import org.fisco.bcos.sdk.crypto.CryptoSuite;
import org.fisco.bcos.sdk.model.TransactionReceipt;
import org.fisco.bcos.sdk.transaction.manager.AssembleTransactionProcessor;
import org.fisco.bcos.sdk.transaction.manager.TransactionProcessorFactory;
import org.fisco.bcos.sdk.transaction.model.dto.CallResponse;
import org.fisco.bcos.sdk.transaction.model.dto.TransactionResponse;

/**
 * The official Java SDK, unmodified, against a running chain: connect over the Channel with the certificates the chain
 * builder made, deploy and use a contract, read everything back and verify hashes, proofs and block signatures.
 *
 * <p>Usage: Interop SDK_DIR ARTIFACT.json HOST:PORT [HOST:PORT …]
 */
public final class Interop {
    private static final int GROUP = 1;
    private static final String GREETING = "Hello from Java";

    private int checks = 0;

    public static void main(String[] arguments) throws Exception {
        List<String> peers = List.of(arguments).subList(2, arguments.length);
        BcosSDK sdk = new BcosSDK(new ConfigOption(configuration(arguments[0], peers)));
        try {
            new Interop().run(sdk, new ObjectMapper().readTree(new File(arguments[1])));
        } finally {
            sdk.stopAll();
        }
        System.exit(0);
    }

    private static ConfigProperty configuration(String sdkDirectory, List<String> peers) throws Exception {
        Path accounts = Files.createTempDirectory("hansa-interop-accounts");
        ConfigProperty property = new ConfigProperty();
        property.setCryptoMaterial(new HashMap<>(Map.of("certPath", sdkDirectory)));
        property.setNetwork(new HashMap<>(Map.of("peers", new ArrayList<>(peers))));
        property.setAccount(new HashMap<>(Map.of("keyStoreDir", accounts.toString())));
        property.setThreadPool(new HashMap<>());
        property.setAmop(new ArrayList<>());
        return property;
    }

    private void run(BcosSDK sdk, JsonNode artifact) throws Exception {
        Client client = sdk.getClient(GROUP);
        CryptoSuite suite = client.getCryptoSuite();
        check("client version", client.getNodeVersion().getNodeVersion().getSupportedVersion().startsWith("2."));
        check("group list", client.getGroupList().getGroupList().contains("1"));
        check("sealer list", !client.getSealerList().getSealerList().isEmpty());
        check("consensus status", !client.getConsensusStatus().getConsensusStatus().getViewInfos().isEmpty());
        check("sync status", client.getSyncStatus().getSyncStatus().getGenesisHash().length() == 64);

        TransactionReceipt receipt = useContract(client, artifact);
        BigInteger height = new BigInteger(receipt.getBlockNumber().substring(2), 16);
        verifyReadings(client, receipt, height);
        verifyHeader(client, suite, height);
        verifyProofs(client, suite, receipt, height);
        check("block limit follows the head", client.getBlockLimit().compareTo(height) > 0);
        System.out.println("java sdk: " + checks + " checks passed, head " + client.getBlockNumber().getBlockNumber());
    }

    private TransactionReceipt useContract(Client client, JsonNode artifact) throws Exception {
        String abi = artifact.get("abi").toString();
        AssembleTransactionProcessor processor =
                TransactionProcessorFactory.createAssembleTransactionProcessor(
                        client, client.getCryptoSuite().createKeyPair());
        TransactionResponse deployed =
                processor.deployAndGetResponse(abi, artifact.get("bin").asText(), new ArrayList<>());
        check("deploy", deployed.getTransactionReceipt().isStatusOK());
        String address = deployed.getContractAddress();
        check("code", client.getCode(address).getCode().length() > 2);

        TransactionResponse set =
                processor.sendTransactionAndGetResponse(address, abi, "set", List.of((Object) GREETING));
        check("set", set.getTransactionReceipt().isStatusOK());
        check("event of set", set.getEventResultMap().containsKey("Greeted"));
        CallResponse get =
                processor.sendCall(
                        client.getCryptoSuite().createKeyPair().getAddress(), address, abi, "get", new ArrayList<>());
        check("get", get.getValues().contains(GREETING));
        return set.getTransactionReceipt();
    }

    private void verifyReadings(Client client, TransactionReceipt pushed, BigInteger height) {
        String hash = pushed.getTransactionHash();
        TransactionReceipt read = client.getTransactionReceipt(hash).getTransactionReceipt().orElseThrow();
        check("pushed receipt equals read receipt", read.equals(pushed));
        check("transaction", client.getTransactionByHash(hash).getTransaction().orElseThrow().getHash().equals(hash));
        BcosBlock.Block block = client.getBlockByNumber(height, true).getBlock();
        check("block by number", block.getHash().equals(pushed.getBlockHash()));
        check("block by hash", client.getBlockByHash(block.getHash(), false).getBlock().getNumber().equals(height));
        check("unknown transaction", client.getTransactionReceipt("0x" + "ab".repeat(32)).getTransactionReceipt().isEmpty());
        check("totals", !client.getTotalTransactionCount().getTotalTransactionCount().getTxSum().equals("0x0"));
        check("system config", client.getSystemConfigByKey("tx_count_limit").getSystemConfig().equals("1000"));
    }

    private void verifyHeader(Client client, CryptoSuite suite, BigInteger height) {
        BcosBlockHeader.BlockHeader header = client.getBlockHeaderByNumber(height, true).getBlockHeader();
        check("header hash recomputed", header.calculateHash(suite).equals(header.getHash()));
        Set<String> signers = new HashSet<>();
        for (BcosBlockHeader.Signature signature : header.getSignatureList()) {
            String sealer = header.getSealerList().get(Integer.decode(signature.getIndex()));
            check("signature of sealer " + signature.getIndex(),
                    suite.verify(sealer, header.getHash().substring(2), signature.getSignature().substring(2)));
            signers.add(sealer);
        }
        int count = header.getSealerList().size();
        check("quorum of signatures", signers.size() >= count - (count - 1) / 3);
    }

    private void verifyProofs(Client client, CryptoSuite suite, TransactionReceipt receipt, BigInteger height) {
        BcosBlock.Block block = client.getBlockByNumber(height, false).getBlock();
        String hash = receipt.getTransactionHash();
        TransactionWithProof.TransactionAndProof transaction =
                client.getTransactionByHashWithProof(hash).getTransactionWithProof();
        String root = MerkleProof.root(suite, receipt.getTransactionIndex(), hash, transaction.getTransactionProof());
        check("transaction proof", root.equals(block.getTransactionsRoot()));
        TransactionReceiptWithProof.ReceiptAndProof proof =
                client.getTransactionReceiptByHashWithProof(hash).getTransactionReceiptWithProof();
        String receiptHash = MerkleProof.receiptHash(suite, proof.getReceipt());
        root = MerkleProof.root(suite, receipt.getTransactionIndex(), receiptHash, proof.getReceiptProof());
        check("receipt proof", root.equals(block.getReceiptsRoot()));
    }

    private void check(String name, boolean holds) {
        if (!holds) {
            throw new AssertionError("failed: " + name);
        }
        checks++;
        System.out.println("ok " + name);
    }
}
