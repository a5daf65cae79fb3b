package org.hansa.interop;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.fisco.bcos.sdk.BcosSDK;
import org.fisco.bcos.sdk.amop.AmopCallback;
import org.fisco.bcos.sdk.amop.AmopMsgOut;
import org.fisco.bcos.sdk.amop.AmopResponse;
import org.fisco.bcos.sdk.amop.AmopResponseCallback;
import org.fisco.bcos.sdk.amop.topic.AmopMsgIn;
import org.fisco.bcos.sdk.amop.topic.TopicType;
import org.fisco.bcos.sdk.crypto.keypair.CryptoKeyPair;
import org.fisco.bcos.sdk.crypto.keystore.PEMKeyStore;

/** Two SDKs send each other messages, through two nodes and through one: unicast, multicast, in private. */
final class Amop implements Theme {
    private static final int TIMEOUT_MS = 5_000;
    private static final int NO_FOLLOWER = 100;

    @Override
    public void run(Chain chain) throws Exception {
        List<String> nodes = chain.peers();
        BcosSDK sender = Chain.open(chain.sdkDirectory(), nodes.subList(0, 1));
        for (int node = 0; node < Math.min(2, nodes.size()); node++) {
            String where = node == 0 ? "one node" : "two nodes";
            // Not stopped here: the SDK then could open no other connection in this process.
            BcosSDK follower = Chain.open(chain.sdkDirectory(), nodes.subList(node, node + 1));
            talk(chain.checks(), where, sender, follower, "interop-" + node);
            talkInPrivate(chain, where, sender, follower, "interop-private-" + node);
        }
    }

    private static void talk(Checks checks, String where, BcosSDK sender, BcosSDK follower, String topic)
            throws Exception {
        checks.equal("unicast to nobody, " + where, NO_FOLLOWER, send(sender, message(topic, "?")).getErrorCode());
        Follower heard = new Follower();
        follower.getAmop().subscribeTopic(topic, heard);
        checks.soon("the topic is heard of, " + where, () -> send(sender, message(topic, "hello?")).getErrorCode() == 0);
        heard.messages.clear();

        AmopResponse answer = send(sender, message(topic, "ping"));
        checks.equal("unicast arrives, " + where, "ping", heard.next());
        checks.equal("its answer returns, " + where, "PING", text(answer.getAmopMsgIn()));
        sender.getAmop().broadcastAmopMsg(message(topic, "to all"));
        checks.equal("multicast arrives, " + where, "to all", heard.next());
        String large = "x".repeat(1 << 20);
        checks.equal("a megabyte returns, " + where, large.length(),
                send(sender, message(topic, large)).getAmopMsgIn().getContent().length);
    }

    /** The follower proves with its key that it is the one the sender names; before that it gets nothing. */
    private static void talkInPrivate(Chain chain, String where, BcosSDK sender, BcosSDK follower, String topic)
            throws Exception {
        Checks checks = chain.checks();
        CryptoKeyPair key = chain.stranger();
        Path file = Files.createTempFile("hansa-interop", ".pem");
        key.storeKeyPairWithPem(file.toString());
        Follower heard = new Follower();
        follower.getAmop().subscribePrivateTopics(topic, new PEMKeyStore(file.toString()), heard);
        sender.getAmop().publishPrivateTopicWithHexPublicKeyList(topic, List.of(key.getHexPublicKey()));
        checks.soon("the follower is verified, " + where,
                () -> send(sender, secret(topic, "hello?")).getErrorCode() == 0);
        heard.messages.clear();
        AmopResponse answer = send(sender, secret(topic, "secret"));
        checks.equal("private unicast arrives, " + where, "secret", heard.next());
        checks.equal("its answer returns in private, " + where, "SECRET", text(answer.getAmopMsgIn()));
        sender.getAmop().broadcastAmopMsg(secret(topic, "to those I trust"));
        checks.equal("private multicast arrives, " + where, "to those I trust", heard.next());
    }

    private static AmopMsgOut message(String topic, String content) {
        return message(TopicType.NORMAL_TOPIC, topic, content);
    }

    private static AmopMsgOut secret(String topic, String content) {
        return message(TopicType.PRIVATE_TOPIC, topic, content);
    }

    private static AmopMsgOut message(TopicType type, String topic, String content) {
        AmopMsgOut message = new AmopMsgOut();
        message.setType(type);
        message.setTopic(topic);
        message.setTimeout(TIMEOUT_MS);
        message.setContent(content.getBytes(StandardCharsets.UTF_8));
        return message;
    }

    private static AmopResponse send(BcosSDK sdk, AmopMsgOut message) throws Exception {
        CompletableFuture<AmopResponse> answer = new CompletableFuture<>();
        sdk.getAmop().sendAmopMsg(message, new AmopResponseCallback() {
            @Override
            public void onResponse(AmopResponse response) {
                answer.complete(response);
            }
        });
        return answer.get(2 * TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    private static String text(AmopMsgIn message) {
        return new String(message.getContent(), StandardCharsets.UTF_8);
    }

    /** Keeps what it hears, answers in capitals. */
    private static final class Follower extends AmopCallback {
        final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

        @Override
        public byte[] receiveAmopMsg(AmopMsgIn message) {
            messages.add(text(message));
            return text(message).toUpperCase().getBytes(StandardCharsets.UTF_8);
        }

        String next() throws InterruptedException {
            return String.valueOf(messages.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS));
        }
    }
}
