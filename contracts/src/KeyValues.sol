// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.6.0;

import "./Tables.sol";

/// Counters in a key-value table.
contract KeyValues {
    KVTableFactory private constant FACTORY = KVTableFactory(0x1010);

    string private name;

    /// Names of tables are unique on a chain.
    function create(string calldata newName) external {
        name = newName;
        require(FACTORY.createTable(newName, "id", "amount") == 0, "the table was not created");
    }

    /// Get and set: raise a counter, which starts at 0.
    function add(string calldata id, int256 amount) external {
        KVTable table = FACTORY.openTable(name);
        (bool found, Entry earlier) = table.get(id);
        Entry entry = table.newEntry();
        entry.set("amount", (found ? earlier.getInt("amount") : 0) + amount);
        require(table.set(id, entry) == 1, "the value was not set");
    }

    function amountOf(string calldata id) external view returns (int256) {
        (bool found, Entry entry) = FACTORY.openTable(name).get(id);
        return found ? entry.getInt("amount") : 0;
    }
}
