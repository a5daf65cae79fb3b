package org.hansa.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.fisco.bcos.sdk.BcosSDK;
import org.fisco.bcos.sdk.client.Client;
import org.fisco.bcos.sdk.config.ConfigOption;
import org.fisco.bcos.sdk.config.model.ConfigProperty;
import org.fisco.bcos.sdk.crypto.CryptoSuite;
import org.fisco.bcos.sdk.crypto.keypair.CryptoKeyPair;
import org.fisco.bcos.sdk.transaction.manager.AssembleTransactionProcessor;
import org.fisco.bcos.sdk.transaction.manager.TransactionProcessorFactory;
import org.fisco.bcos.sdk.transaction.model.dto.TransactionResponse;

/** What every theme works with: a connection to the chain, an account that signs, the sample contract. */
record Chain(
        String sdkDirectory,
        List<String> peers,
        BcosSDK sdk,
        Client client,
        CryptoKeyPair account,
        String abi,
        String bin,
        Checks checks) {

    static final int GROUP = 1;

    static Chain connect(String sdkDirectory, String artifactPath, List<String> peers) throws Exception {
        JsonNode artifact = new ObjectMapper().readTree(new File(artifactPath));
        BcosSDK sdk = open(sdkDirectory, peers);
        Client client = sdk.getClient(GROUP);
        CryptoKeyPair account = client.getCryptoSuite().createKeyPair();
        return new Chain(
                sdkDirectory,
                peers,
                sdk,
                client,
                account,
                artifact.get("abi").toString(),
                artifact.get("bin").asText(),
                new Checks());
    }

    /** A connection of its own, for a theme that needs two ends; the caller ends it with stopAll. */
    static BcosSDK open(String sdkDirectory, List<String> peers) throws Exception {
        Path accounts = Files.createTempDirectory("hansa-interop-accounts");
        ConfigProperty property = new ConfigProperty();
        property.setCryptoMaterial(new HashMap<>(Map.of("certPath", sdkDirectory)));
        property.setNetwork(new HashMap<>(Map.of("peers", new ArrayList<>(peers))));
        property.setAccount(new HashMap<>(Map.of("keyStoreDir", accounts.toString())));
        property.setThreadPool(new HashMap<>());
        property.setAmop(new ArrayList<>());
        return new BcosSDK(new ConfigOption(property));
    }

    CryptoSuite suite() {
        return client.getCryptoSuite();
    }

    String supportedVersion() {
        return client.getNodeVersion().getNodeVersion().getSupportedVersion();
    }

    /** An account that has done nothing yet. */
    CryptoKeyPair stranger() {
        return suite().createKeyPair();
    }

    AssembleTransactionProcessor signedBy(CryptoKeyPair signer) throws Exception {
        return TransactionProcessorFactory.createAssembleTransactionProcessor(client, signer);
    }

    /** Deploys the sample contract. */
    TransactionResponse deploy(CryptoKeyPair signer) throws Exception {
        return signedBy(signer).deployAndGetResponse(abi, bin, new ArrayList<>());
    }

    /** Calls `set` of a sample contract in a transaction. */
    TransactionResponse set(CryptoKeyPair signer, String contract, String greeting) throws Exception {
        return signedBy(signer).sendTransactionAndGetResponse(contract, abi, "set", List.of((Object) greeting));
    }

    /** Calls `get` of a sample contract. */
    Object get(String contract) throws Exception {
        return signedBy(account)
                .sendCall(account.getAddress(), contract, abi, "get", new ArrayList<>())
                .getReturnObject()
                .get(0);
    }
}
