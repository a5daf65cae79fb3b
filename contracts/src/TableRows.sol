// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.6.0;

import "./Tables.sol";

/// Rows of a table made, found, changed and removed. The functions may come in any order and leave the same rows.
contract TableRows {
    TableFactory private constant FACTORY = TableFactory(0x1001);

    string private name;

    /// Names of tables are unique on a chain.
    function create(string calldata newName) external {
        name = newName;
        require(FACTORY.createTable(newName, "owner", "item,amount") == 0, "the table was not created");
    }

    function insert(string calldata owner, string calldata item, int256 amount) external {
        insertRow(FACTORY.openTable(name), owner, item, amount);
    }

    /// Select and update: raise the amount of a row that is there.
    function add(string calldata owner, string calldata item, int256 amount) external {
        Table table = FACTORY.openTable(name);
        Condition condition = table.newCondition();
        condition.EQ("item", item);
        Entries found = table.select(owner, condition);
        require(found.size() == 1, "no such row");
        Entry changed = table.newEntry();
        changed.set("amount", found.get(0).getInt("amount") + amount);
        require(table.update(owner, changed, condition) == 1, "the row was not updated");
    }

    /// Insert and remove: a row that does not outlive the call.
    function pass(string calldata owner, string calldata item, int256 amount) external {
        Table table = FACTORY.openTable(name);
        insertRow(table, owner, item, amount);
        Condition condition = table.newCondition();
        condition.EQ("item", item);
        require(table.remove(owner, condition) == 1, "the row was not removed");
    }

    /// How many rows an owner has, and the sum of their amounts.
    function total(string calldata owner) external view returns (int256 count, int256 amount) {
        Table table = FACTORY.openTable(name);
        Entries found = table.select(owner, table.newCondition());
        count = found.size();
        for (int256 index = 0; index < count; index++) {
            amount += found.get(index).getInt("amount");
        }
    }

    function insertRow(Table table, string memory owner, string memory item, int256 amount) private {
        Entry entry = table.newEntry();
        entry.set("item", item);
        entry.set("amount", amount);
        require(table.insert(owner, entry) == 1, "the row was not inserted");
    }
}
