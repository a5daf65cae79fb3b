//! Which logs a client asked to be told of, and how it is told (client protocol §8.2).

use hansa_crypto::Suite;

use crate::json::Writer;
use crate::receipt::BloomBits;
use crate::{Address, Block, Bloom, Hash, LogEntry, Receipt, Transaction, U256};

/// Everything but the data of a log.
const FIXED_SIZE: usize = 1024;

/// One of the addresses, and at each position one of the topics; what is empty leaves the choice open.
#[derive(Debug, Clone)]
pub struct LogFilter {
    addresses: Vec<Address>,
    topics: Vec<Vec<Hash>>,
    /// For each condition the bits of its alternatives: a bloom that holds none of them excludes a receipt.
    bits: Vec<Vec<BloomBits>>,
}

impl LogFilter {
    /// The conditions in the order of a log's topics, for blocks of this suite.
    #[must_use]
    pub fn new(suite: Suite, addresses: Vec<Address>, topics: Vec<Vec<Hash>>) -> Self {
        let of_addresses = addresses.iter().map(|address| BloomBits::of(suite, address)).collect();
        let of_topics =
            topics.iter().map(|position| position.iter().map(|topic| BloomBits::of(suite, topic)).collect());
        let bits = std::iter::once(of_addresses).chain(of_topics);
        let bits = bits.filter(|alternatives: &Vec<_>| !alternatives.is_empty()).collect();
        Self { addresses, topics, bits }
    }

    /// Whether the log is one of those. A log without a topic at a position has none of the topics asked for there.
    #[must_use]
    pub fn matches(&self, log: &LogEntry) -> bool {
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.iter().enumerate().all(|(position, topics)| {
                topics.is_empty() || log.topics.get(position).is_some_and(|topic| topics.contains(topic))
            })
    }

    fn may_match_in(&self, bloom: &Bloom) -> bool {
        self.bits.iter().all(|alternatives| alternatives.iter().any(|bits| bloom.may_hold(bits)))
    }
}

impl Block {
    /// The logs that match, each with where it is; a log's index counts within its receipt.
    #[must_use]
    pub fn event_logs_json(&self, filter: &LogFilter) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for (index, (transaction, receipt)) in self.transactions().iter().zip(self.receipts()).enumerate() {
            if !receipt.logs.is_empty() && filter.may_match_in(&receipt.bloom) {
                self.push_matching(&mut found, filter, index, transaction, receipt);
            }
        }
        found
    }

    fn push_matching(
        &self,
        found: &mut Vec<Vec<u8>>,
        filter: &LogFilter,
        index: usize,
        transaction: &Transaction,
        receipt: &Receipt,
    ) {
        for (log_index, log) in receipt.logs.iter().enumerate().filter(|(_, log)| filter.matches(log)) {
            let mut json = Writer::with_capacity(FIXED_SIZE + 2 * log.data.len());
            json.object(|json| {
                json.name("address");
                json.hex(&log.address);
                json.name("blockHash");
                json.hex(self.hash());
                json.name("blockNumber");
                json.decimal(self.header().number);
                json.name("data");
                json.hex(&log.data);
                json.name("logIndex");
                json.quantity(&U256::from(log_index as u64));
                json.name("topics");
                json.array(|json| log.topics.iter().for_each(|topic| json.hex(topic)));
                json.name("transactionHash");
                json.hex(transaction.hash());
                json.name("transactionIndex");
                json.quantity(&U256::from(index as u64));
            });
            found.push(json.finish());
        }
    }
}
