//! What things cost (execution §1.2). Prices that are Ethereum's of Istanbul are taken from the interpreter.

use revm_interpreter::bytecode::opcode;
use revm_interpreter::instructions::gas_table_spec;
use revm_interpreter::primitives::hardfork::SpecId;
use revm_interpreter::GasTable;

/// Prices in which this chain differs from Ethereum, or that depend on the storage mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GasSchedule {
    /// CREATE and CREATE2, without the memory and hash they use.
    pub create: u64,
    /// SSTORE that makes a slot nonzero.
    pub slot_set: u64,
    /// SSTORE with any other change.
    pub slot_change: u64,
    /// SSTORE that changes nothing.
    pub slot_keep: u64,
    /// SSTORE fails at or below this.
    pub slot_sentry: u64,
    /// What clearing a slot gives back.
    pub slot_clear_refund: u64,
    /// SLOAD.
    pub slot_load: u16,
    /// A call that bears value.
    pub call_value: u64,
    /// What such a call gets on top, or the caller if it cannot be made.
    pub call_stipend: u64,
    /// What destroying a contract gives back.
    pub self_destruct_refund: u64,
    /// One byte of deployed code.
    pub code_byte: u64,
    /// Is deployed code only checked against the gas, not paid for?
    pub code_is_free: bool,
}

impl GasSchedule {
    /// The prices of an ordinary chain.
    pub const NORMAL: Self = Self {
        create: 32_000,
        slot_set: 20_000,
        slot_change: 5_000,
        slot_keep: 800,
        slot_sentry: 2_300,
        slot_clear_refund: 15_000,
        slot_load: 200,
        call_value: 9_000,
        call_stipend: 2_300,
        self_destruct_refund: 24_000,
        code_byte: 200,
        code_is_free: false,
    };

    /// The prices with `enable_free_storage` in the genesis.
    pub const FREE_STORAGE: Self = Self {
        create: 16_000,
        slot_set: 1_200,
        slot_change: 1_200,
        slot_load: 1_200,
        call_value: 0,
        call_stipend: 5,
        code_is_free: true,
        ..Self::NORMAL
    };

    /// The prices charged before an instruction runs.
    pub(crate) fn static_prices(&self) -> GasTable {
        let mut table = gas_table_spec(SpecId::ISTANBUL);
        if let Some(price) = table.get_mut(usize::from(opcode::SLOAD)) {
            *price = self.slot_load;
        }
        table
    }
}
