package org.hansa.interop;

import java.util.concurrent.Callable;
import org.fisco.bcos.sdk.model.RetCode;
import org.fisco.bcos.sdk.transaction.model.exception.ContractException;

/** Counts what holds, a line for each; the first thing that does not ends the program. */
final class Checks {
    private static final long EVENTUALLY_MS_MAX = 10_000;
    private static final long POLL_MS = 50;

    private int passed = 0;

    int passed() {
        return passed;
    }

    void check(String name, boolean holds) {
        if (!holds) {
            throw new AssertionError("failed: " + name);
        }
        passed++;
        System.out.println("ok " + name);
    }

    void equal(String name, Object expected, Object actual) {
        if (!expected.equals(actual)) {
            throw new AssertionError("failed: " + name + ": expected " + expected + ", got " + actual);
        }
        check(name, true);
    }

    /** A system contract's answer to a transaction, as the SDK reads it. */
    void code(String name, int expected, RetCode answer) {
        equal(name + " " + expected + " " + answer.getMessage(), expected, answer.getCode());
    }

    /** What comes true a moment after a write: the SDK may ask another node than the one that sent the receipt. */
    void soon(String name, Callable<Boolean> holds) throws Exception {
        equalSoon(name, true, holds);
    }

    /** What is read after a write, likewise. */
    void equalSoon(String name, Object expected, Callable<?> read) throws Exception {
        long deadline = System.currentTimeMillis() + EVENTUALLY_MS_MAX;
        Object actual = read.call();
        while (!expected.equals(actual) && System.currentTimeMillis() < deadline) {
            Thread.sleep(POLL_MS);
            actual = read.call();
        }
        equal(name, expected, actual);
    }

    /** A request that the SDK must see refused; the refusal. */
    ContractException refused(String name, Request request) {
        try {
            request.send();
        } catch (ContractException refusal) {
            check(name + ": " + refusal.getMessage(), true);
            return refusal;
        }
        throw new AssertionError("failed: " + name + ": it was not refused");
    }

    interface Request {
        void send() throws ContractException;
    }
}
