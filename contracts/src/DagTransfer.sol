// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.6.0;

/// The ledger for benchmarks that every 2.x chain has at 0x5002. Results below 128 say "done"; larger ones are
/// negative error codes. The chain knows which accounts a call touches and runs others beside it.
interface DagTransfer {
    function userAdd(string calldata user, uint256 balance) external returns (uint256);

    function userTransfer(string calldata from, string calldata to, uint256 amount) external returns (uint256);

    function userBalance(string calldata user) external view returns (uint256 code, uint256 balance);
}
