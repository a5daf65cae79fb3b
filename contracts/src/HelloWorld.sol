// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.6.0;

/// A greeting that anyone may change: the first contract of a new chain.
contract HelloWorld {
    event Greeted(address indexed by, string greeting);

    string private greeting = "Hello, World!";

    function get() external view returns (string memory) {
        return greeting;
    }

    function set(string calldata newGreeting) external {
        greeting = newGreeting;
        emit Greeted(msg.sender, newGreeting);
    }
}
