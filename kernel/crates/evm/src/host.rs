//! What the machine asks of the world around it.

use hansa_codec::LogEntry;
use hansa_crypto::{Address, Hash};
use revm_interpreter::bytecode::Bytecode;
use revm_interpreter::primitives::U256;

use crate::{Bytes, Message, Outcome};

/// What instructions can learn about the block (execution §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlockContext {
    /// NUMBER: the block that runs; in a read-only call the committed head.
    pub number: u64,
    /// TIMESTAMP, in milliseconds.
    pub timestamp: u64,
}

/// What instructions can learn about the transaction (execution §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransactionContext {
    /// ORIGIN: who signed it.
    pub origin: Address,
    /// GASPRICE: as the transaction says.
    pub gas_price: U256,
}

/// Why the host did not do what an instruction asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError<E> {
    /// The origin may not write this contract's state (execution §1.9): ends the frame.
    Denied,
    /// The world does not work: ends everything.
    Fatal(E),
}

impl<E> From<E> for HostError<E> {
    fn from(error: E) -> Self {
        Self::Fatal(error)
    }
}

/// What a message meets.
#[derive(Debug)]
pub enum Entrance<F> {
    /// Code to run on the state of this contract.
    Code {
        /// The contract.
        contract: Address,
        /// What runs.
        code: Bytecode,
        /// Given back when the frame ends.
        frame: F,
    },
    /// It is over: a system contract answered, or there is nothing to run.
    Over(Outcome),
}

/// The world a machine runs in.
pub trait Host {
    /// The world does not work.
    type Error;
    /// What the host wants to remember about a frame while it runs.
    type Frame;

    /// The block.
    fn block(&self) -> BlockContext;

    /// The transaction.
    fn transaction(&self) -> TransactionContext;

    /// The hash of one of the last 256 blocks; zeros if it is not known.
    fn block_hash(&mut self, number: u64) -> Result<Hash, Self::Error>;

    /// The length of the code at an address (execution §1.1, EXTCODESIZE).
    fn code_size(&mut self, address: &Address) -> Result<usize, Self::Error>;

    /// The code at an address; empty for precompiles.
    fn code(&mut self, address: &Address) -> Result<Bytes, Self::Error>;

    /// The hash of the code at an address, as EXTCODEHASH says it.
    fn code_hash(&mut self, address: &Address) -> Result<Hash, Self::Error>;

    /// A slot of a contract.
    fn load(&mut self, contract: &Address, slot: U256) -> Result<U256, Self::Error>;

    /// Set a slot of a contract; what it held before.
    fn store(&mut self, contract: &Address, slot: U256, value: U256) -> Result<U256, HostError<Self::Error>>;

    /// A slot was cleared by the running frame: it earns a refund, unless the frame fails.
    fn count_cleared_slot(&mut self);

    /// Keep a log entry, unless the frame fails.
    fn log(&mut self, entry: LogEntry);

    /// Destroy a contract when the transaction ends, unless the frame fails.
    fn self_destruct(&mut self, contract: &Address);

    /// A message arrives: what does it meet?
    fn enter(&mut self, message: &Message) -> Result<Entrance<Self::Frame>, Self::Error>;

    /// The code of a frame has run: undo what it did if it failed, deploy what it made if it was a creation.
    fn leave(&mut self, frame: Self::Frame, outcome: Outcome) -> Result<Outcome, Self::Error>;
}
