//! What system contracts cost (execution §2.0): operations, and memory as a whole.

/// What a contract does that has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the sheet's")]
pub enum Operation {
    Equal,
    Order,
    NotEqual,
    Limit,
    GetNumber,
    GetAddress,
    GetText,
    GetBytes32,
    GetBytes64,
    Set,
    CreateTable,
    OpenTable,
    Select,
    Insert,
    Update,
    Remove,
    /// Adding Paillier ciphertexts, verifying group or ring signatures.
    Prove,
}

impl Operation {
    /// (ordinary price, price with free storage)
    const fn prices(self) -> (u64, u64) {
        match self {
            Self::Equal | Self::Order | Self::NotEqual | Self::Limit => (3, 3),
            Self::GetNumber | Self::GetAddress | Self::GetText | Self::Set => (3, 3),
            Self::GetBytes32 => (96, 96),
            Self::GetBytes64 => (192, 192),
            Self::CreateTable => (16_000, 500),
            Self::OpenTable | Self::Select => (200, 200),
            Self::Insert | Self::Update => (10_000, 200),
            Self::Remove => (2_500, 200),
            Self::Prove => (20_000, 20_000),
        }
    }
}

/// What counts as memory besides the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemoryRule {
    /// The call data, with its selector.
    CallData,
    /// Nothing.
    ResultOnly,
}

/// Adds up what one call costs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    free_storage: bool,
    operations: u64,
    memory_bytes: usize,
}

impl Meter {
    pub(crate) fn new(free_storage: bool) -> Self {
        Self { free_storage, operations: 0, memory_bytes: 0 }
    }

    pub(crate) fn apply(&mut self, rule: MemoryRule, input_bytes: usize) {
        if rule == MemoryRule::CallData {
            self.raise_memory(input_bytes);
        }
    }

    pub(crate) fn charge(&mut self, operation: Operation, times: usize) {
        let (ordinary, free) = operation.prices();
        let price = if self.free_storage { free } else { ordinary };
        self.operations = self.operations.saturating_add(price.saturating_mul(times as u64));
    }

    /// Add what has no price of its own.
    pub(crate) fn add(&mut self, gas: u64) {
        self.operations = self.operations.saturating_add(gas);
    }

    /// At least this much memory is used.
    pub(crate) fn raise_memory(&mut self, bytes: usize) {
        self.memory_bytes = self.memory_bytes.max(bytes);
    }

    /// This much memory is used, whatever was before: what `Table.update` and `KVTable.set` do.
    pub(crate) fn set_memory(&mut self, bytes: usize) {
        self.memory_bytes = bytes;
    }

    /// What the call costs with a result of this length.
    pub(crate) fn total(&self, result_bytes: usize) -> u64 {
        let words = self.memory_bytes.max(result_bytes).div_ceil(32) as u64;
        let memory = words.saturating_mul(3).saturating_add(words.saturating_mul(words) / 512);
        self.operations.saturating_add(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Running totals of an upstream test (vectors `precompiled_gas`).
    #[test]
    fn totals_follow_the_published_example() {
        for (free, expected) in [
            (false, [16_000, 16_200, 26_200, 26_400, 36_400, 36_424, 38_236, 38_239]),
            (true, [500, 700, 900, 1_100, 1_300, 1_324, 3_136, 3_139]),
        ] {
            let mut meter = Meter::new(free);
            let mut totals = Vec::new();
            for operation in [
                Operation::CreateTable,
                Operation::OpenTable,
                Operation::Insert,
                Operation::Select,
                Operation::Update,
            ] {
                meter.charge(operation, 1);
                totals.push(meter.total(0));
            }
            totals.push(meter.total(256));
            meter.raise_memory(15_000);
            totals.push(meter.total(256));
            meter.charge(Operation::Order, 1);
            totals.push(meter.total(256));
            assert_eq!(totals, expected);
        }
    }
}
