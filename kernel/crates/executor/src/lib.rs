//! Executes blocks: dispatch, system contracts, receipts.

#![forbid(unsafe_code)]
