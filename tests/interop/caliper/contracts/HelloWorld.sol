// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.4.25;

/// A greeting that anyone may change, in the dialect of the compiler that Caliper's connector brings along.
contract HelloWorld {
    string private greeting = "Hello, World!";

    function get() public view returns (string) {
        return greeting;
    }

    function set(string newGreeting) public {
        greeting = newGreeting;
    }
}
