package org.hansa.interop;

import java.util.List;

/**
 * The official Java SDK, unmodified, against a running chain: connect over the Channel with the certificates the chain
 * builder made, read, deploy and transact, verify hashes, proofs and block signatures, send messages, follow events, use
 * every precompiled service.
 *
 * <p>Usage: Interop SDK_DIR ARTIFACT.json HOST:PORT [HOST:PORT …]. The chain must be fresh: the last themes close it.
 */
public final class Interop {
    /** In this order: governance comes last, because a committee cannot be undone. */
    private static final List<Theme> THEMES = List.of(
            new Status(),
            new Transactions(),
            new Blocks(),
            new Amop(),
            new Events(),
            new Crud(),
            new Cns(),
            new Configuration(),
            new Consensus(),
            new LifeCycle(),
            new Permissions(),
            new Governance(),
            new GasCharging());

    private Interop() {}

    public static void main(String[] arguments) {
        int status = 1;
        try {
            run(arguments[0], arguments[1], List.of(arguments).subList(2, arguments.length));
            status = 0;
        } catch (Throwable failure) {
            failure.printStackTrace();
        }
        // The SDK leaves threads behind that would keep the process.
        System.exit(status);
    }

    private static void run(String sdkDirectory, String artifactPath, List<String> peers) throws Exception {
        Chain chain = Chain.connect(sdkDirectory, artifactPath, peers);
        for (Theme theme : THEMES) {
            System.out.println("-- " + theme.getClass().getSimpleName());
            theme.run(chain);
        }
        chain.sdk().stopAll();
        System.out.println("java sdk: " + chain.checks().passed() + " checks passed");
    }
}
