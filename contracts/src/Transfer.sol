// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.6.0;

/// Named accounts and amounts moved between them: the load of `hansa bench`.
contract Transfer {
    mapping(string => uint256) private balances;

    function open(string calldata account, uint256 amount) external {
        balances[account] = amount;
    }

    function transfer(string calldata from, string calldata to, uint256 amount) external {
        require(balances[from] >= amount, "balance too small");
        balances[from] -= amount;
        balances[to] += amount;
    }

    function balanceOf(string calldata account) external view returns (uint256) {
        return balances[account];
    }
}
