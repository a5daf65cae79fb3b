//! What became of a transaction: eight items (data model §4.1).

use hansa_crypto::Suite;

use crate::error::{At, DecodeError, Reason};
use crate::rlp::{Encoder, Item};
use crate::{Address, Hash, U256};

/// 2048 bits, big-endian, in which the hashes of a log's address and topics leave three bits each.
#[derive(Clone, PartialEq, Eq)]
pub struct Bloom(pub [u8; 256]);

impl Bloom {
    /// The bloom of these logs.
    #[must_use]
    pub fn of(suite: Suite, logs: &[LogEntry]) -> Self {
        let mut bloom = Self::default();
        for log in logs {
            bloom.add(&BloomBits::of(suite, &log.address));
            for topic in &log.topics {
                bloom.add(&BloomBits::of(suite, topic));
            }
        }
        bloom
    }

    fn add(&mut self, bits: &BloomBits) {
        for bit in bits.0 {
            self.0[255 - bit / 8] |= 1 << (bit % 8);
        }
    }

    /// Whether something that leaves these bits may be in it. `false` is certain, `true` is not.
    #[must_use]
    pub fn may_hold(&self, bits: &BloomBits) -> bool {
        bits.0.iter().all(|bit| self.0[255 - bit / 8] & 1 << (bit % 8) != 0)
    }
}

/// Which three bits an address or topic leaves in a bloom, counted from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BloomBits([usize; 3]);

impl BloomBits {
    /// The bits of an address or topic.
    #[must_use]
    pub fn of(suite: Suite, bytes: &[u8]) -> Self {
        let hash = suite.hash(bytes);
        Self([0, 2, 4].map(|at| (usize::from(hash[at]) << 8 | usize::from(hash[at + 1])) % 2048))
    }
}

impl Default for Bloom {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl std::fmt::Debug for Bloom {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Bloom({} bits)", self.0.iter().map(|byte| byte.count_ones()).sum::<u32>())
    }
}

/// An event a contract left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogEntry {
    /// The contract.
    pub address: Address,
    /// At most four for contracts; the first is the event's.
    pub topics: Vec<Hash>,
    /// The arguments that are not topics.
    pub data: Vec<u8>,
}

/// A receipt. Its hash covers the block's state root, so it is known only after the whole block ran.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The state root of the block.
    pub state_root: Hash,
    /// Of this transaction alone. A refund can exceed what was used: then it wraps, and all 256 bits matter.
    pub gas_used: U256,
    /// The contract created; zeros if none.
    pub contract_address: Address,
    /// Always `Bloom::of(suite, &logs)` in receipts made here.
    pub bloom: Bloom,
    /// 0 is success; see [`Status`](crate::Status).
    pub status: u32,
    /// What the call returned; empty for a successful creation.
    pub output: Vec<u8>,
    /// 0 unless gas is charged for.
    pub remain_gas: U256,
    /// In order of their making.
    pub logs: Vec<LogEntry>,
}

impl Receipt {
    /// Decode the receipt that is all of `data`.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        Self::from_item(&Item::parse(data).at("receipt")?)
    }

    pub(crate) fn from_item(item: &Item<'_>) -> Result<Self, DecodeError> {
        let mut items = item.list().at("receipt")?;
        let state_root = items.expect_item().and_then(|item| item.exactly()).at("receipt stateRoot")?;
        let gas_used = items.expect_item().and_then(|item| item.u256()).at("receipt gasUsed")?;
        let contract_address =
            items.expect_item().and_then(|item| item.exactly()).at("receipt contractAddress")?;
        let bloom = Bloom(items.expect_item().and_then(|item| item.exactly()).at("receipt bloom")?);
        let status = items.expect_item().and_then(|item| item.u64()).at("receipt status")?;
        let status = u32::try_from(status).map_err(|_| Reason::TooLong).at("receipt status")?;
        let output = items.expect_item().and_then(|item| item.bytes()).at("receipt output")?.to_vec();
        let remain_gas = items.expect_item().and_then(|item| item.u256()).at("receipt remainGas")?;
        let logs = items.expect_item().and_then(|item| item.list()?.map(|log| decode_log(&log?)).collect());
        let logs = logs.at("receipt logs")?;
        Ok(Self { state_root, gas_used, contract_address, bloom, status, output, remain_gas, logs })
    }

    /// The RLP list of the eight items.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_capacity(self.size_guess());
        self.encode_into(&mut encoder);
        encoder.finish()
    }

    pub(crate) fn encode_into(&self, encoder: &mut Encoder) {
        encoder.list(|list| {
            list.bytes(&self.state_root);
            list.u256(&self.gas_used);
            list.bytes(&self.contract_address);
            list.bytes(&self.bloom.0);
            list.u64(u64::from(self.status));
            list.bytes(&self.output);
            list.u256(&self.remain_gas);
            list.list(|logs| {
                for log in &self.logs {
                    logs.list(|items| {
                        items.bytes(&log.address);
                        items.list(|topics| log.topics.iter().for_each(|topic| topics.bytes(topic)));
                        items.bytes(&log.data);
                    });
                }
            });
        });
    }

    /// The hash of the encoding.
    #[must_use]
    pub fn hash(&self, suite: Suite) -> Hash {
        suite.hash(&self.encode())
    }

    pub(crate) fn size_guess(&self) -> usize {
        let logs: usize = self.logs.iter().map(|log| 64 + log.topics.len() * 33 + log.data.len()).sum();
        400 + self.output.len() + logs
    }
}

fn decode_log(item: &Item<'_>) -> Result<LogEntry, Reason> {
    let mut items = item.list()?;
    Ok(LogEntry {
        address: items.expect_item()?.exactly()?,
        topics: items.expect_item()?.list()?.map(|topic| topic?.exactly()).collect::<Result<_, _>>()?,
        data: items.expect_item()?.bytes()?.to_vec(),
    })
}
