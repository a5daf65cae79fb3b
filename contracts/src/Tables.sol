// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.6.0;

// The chain's tables as Solidity sees them: factories at fixed addresses, and objects that live as long as a call.

interface Entry {
    function set(string calldata field, int256 value) external;

    function set(string calldata field, string calldata value) external;

    function getInt(string calldata field) external view returns (int256);
}

interface Entries {
    function size() external view returns (int256);

    function get(int256 index) external view returns (Entry);
}

interface Condition {
    function EQ(string calldata field, string calldata value) external view;
}

interface Table {
    function newEntry() external view returns (Entry);

    function newCondition() external view returns (Condition);

    function select(string calldata key, Condition condition) external view returns (Entries);

    function insert(string calldata key, Entry entry) external returns (int256);

    function update(string calldata key, Entry entry, Condition condition) external returns (int256);

    function remove(string calldata key, Condition condition) external returns (int256);
}

interface TableFactory {
    function createTable(string calldata name, string calldata key, string calldata fields) external returns (int256);

    function openTable(string calldata name) external view returns (Table);
}

interface KVTable {
    function newEntry() external view returns (Entry);

    function get(string calldata key) external view returns (bool found, Entry entry);

    function set(string calldata key, Entry entry) external returns (int256);
}

interface KVTableFactory {
    function createTable(string calldata name, string calldata key, string calldata fields) external returns (int256);

    function openTable(string calldata name) external view returns (KVTable);
}
