package org.hansa.interop;

/** One thing that clients do with a chain. Leaves the chain usable for the themes that follow. */
@FunctionalInterface
interface Theme {
    void run(Chain chain) throws Exception;
}
