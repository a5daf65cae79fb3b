//! The table-shaped world state (data model §7–9, execution §3).
//!
//! A table maps a key to an ordered list of rows. Committed rows come from a [`StateReader`] behind the cache of a
//! [`CommittedState`]. A [`BlockState`] lays one block's changes over them; a [`Session`] is the view of one
//! transaction: it writes through to the block and keeps a journal, so that it can take its own changes back.
//!
//! Rules that hold everywhere:
//! 1. A block state is shared by reference; a session belongs to one transaction. Tables lock themselves briefly, so
//!    transactions may run at the same time. Whether they came to what they come to one after the other is for the block
//!    to say when they are done (`order`).
//! 2. Nothing here depends on the order in which tables or keys were touched: roots and row ids follow from sorting.
//! 3. The only error is [`StateError`]: the storage did not answer as it should. It ends the block, never a transaction.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod block;
mod committed;
mod condition;
mod encoding;
mod error;
mod order;
mod row;
mod schema;
mod session;
mod table;

pub use block::{BlockChanges, BlockState};
pub use committed::{CommittedState, StateReader};
pub use condition::Condition;
pub use error::StateError;
pub use order::Position;
pub use row::{Row, Values};
pub use schema::{names, Schema};
pub use session::{Access, Created, Savepoint, Session, Written};
pub use table::{Selected, Table};

/// The value of a field, a row key: any bytes. Clones share the bytes.
pub use bytes::Bytes;
