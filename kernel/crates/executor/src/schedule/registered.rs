//! Where it is written which functions of a contract may run in parallel (execution §2.10).

use hansa_evm::Address;

use crate::text::hex;

/// The key field of the table, and its one key.
pub(crate) const KEY: &str = "parallel";

/// Of a function: its selector, its signature, how many of its arguments name what a call works on.
pub(crate) const FIELDS: [&str; 3] = ["selector", "functionName", "criticalSize"];

/// The table of what is registered for a contract.
pub(crate) fn table_name(contract: &Address) -> String {
    format!("cp_{}", hex(contract))
}
