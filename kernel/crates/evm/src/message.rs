//! What runs, and what came of it.

use bytes::Bytes;
use hansa_codec::Status;
use hansa_crypto::Address;
use revm_interpreter::primitives::U256;

/// How a message came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A transaction to a contract, or CALL.
    Call,
    /// CALLCODE: foreign code on the own state.
    CallCode,
    /// DELEGATECALL: the same, for the caller of the caller.
    DelegateCall,
    /// STATICCALL: nothing may be changed.
    StaticCall,
    /// A transaction without receiver, or CREATE.
    Create,
    /// CREATE2.
    Create2 {
        /// Part of the address.
        salt: U256,
    },
}

impl Kind {
    /// Does it make a contract?
    #[must_use]
    pub fn is_creation(self) -> bool {
        matches!(self, Self::Create | Self::Create2 { .. })
    }
}

/// One call or creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How it came to be.
    pub kind: Kind,
    /// 0 for the transaction itself.
    pub depth: usize,
    /// Is changing state forbidden?
    pub is_static: bool,
    /// What it may spend.
    pub gas: u64,
    /// CALLER.
    pub sender: Address,
    /// Whose state it works on; zeros for a creation, whose address the host decides.
    pub recipient: Address,
    /// Whose code runs.
    pub code_address: Address,
    /// CALLVALUE.
    pub value: U256,
    /// Call data, or the creation code.
    pub input: Bytes,
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `Status::None` if it succeeded.
    pub status: Status,
    /// What is left of its gas.
    pub gas_left: u64,
    /// What it returned, or why it failed.
    pub output: Bytes,
    /// The contract it made.
    pub created: Option<Address>,
}

impl Outcome {
    /// A success without output.
    #[must_use]
    pub fn success(gas_left: u64) -> Self {
        Self { status: Status::None, gas_left, output: Bytes::new(), created: None }
    }

    /// A failure.
    #[must_use]
    pub fn failure(status: Status, gas_left: u64, output: Bytes) -> Self {
        Self { status, gas_left, output, created: None }
    }

    /// Did it succeed?
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == Status::None
    }
}
