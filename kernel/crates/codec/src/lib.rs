//! Bytes to values and back: transactions, receipts, headers, blocks, their hashes, roots, proofs and JSON views
//! (data model §1–6, client protocol §3.6).
//!
//! Three rules hold everywhere:
//! 1. A decoder takes any bytes and answers a value or a [`DecodeError`]; it allocates in proportion to its input
//!    (a fixed size inside a list is exact, where the node it speaks to would pad) and does not recurse.
//! 2. A hash is defined here, on the encoding it is a hash of. What is hashed or signed gets the chain's suite given; a
//!    transaction and a block keep theirs.
//! 3. A transaction is kept as received; only its hash looks at the canonical form.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod block;
mod error;
mod header;
mod json;
mod log_filter;
pub mod merkle;
mod receipt;
pub mod rlp;
mod status;
mod transaction;
mod transaction_list;
mod u256;
mod view;

pub use block::{decode_proposal, Block, BlockSignature, Proposal};
pub use error::{DecodeError, Reason};
pub use header::Header;
pub use log_filter::LogFilter;
pub use receipt::{Bloom, BloomBits, LogEntry, Receipt};
pub use status::{status_text, Status};
pub use transaction::{SignError, Transaction, UnsignedTransaction};
pub use transaction_list::TransactionList;
pub use u256::U256;

pub use hansa_crypto::{Address, Hash, PublicKey, Signature, Suite};
