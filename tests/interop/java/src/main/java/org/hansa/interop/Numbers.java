package org.hansa.interop;

import java.math.BigInteger;

/** Numbers as receipts and headers write them: 0x and hex digits. */
final class Numbers {
    private Numbers() {}

    static BigInteger parse(String text) {
        return new BigInteger(text.substring(2), 16);
    }
}
