//! A block header: 13 fields, whose hash is the block's (data model §6.1).

use hansa_crypto::Suite;

use crate::error::{At, DecodeError, Reason};
use crate::rlp::{encode_list, Item};
use crate::{Bloom, Hash, PublicKey, U256};

/// What a block commits to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The hash of the block before.
    pub parent_hash: Hash,
    /// The root of what the block changes; zeros when nothing.
    pub state_root: Hash,
    /// The root over the hashes of the transactions.
    pub transactions_root: Hash,
    /// The root over the hashes of the receipts.
    pub receipts_root: Hash,
    /// Equal to the state root.
    pub db_hash: Hash,
    /// Zeros: logs are found by the blooms of receipts.
    pub log_bloom: Bloom,
    /// The height; 0 for the genesis block.
    pub number: u64,
    /// 0.
    pub gas_limit: U256,
    /// 0.
    pub gas_used: U256,
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// Empty, but for the genesis block.
    pub extra_data: Vec<Vec<u8>>,
    /// The proposer's position in `sealer_list`.
    pub sealer: U256,
    /// Who may sign the block, in ascending order.
    pub sealer_list: Vec<PublicKey>,
}

impl Header {
    /// Decode the header that is all of `data`.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        Self::from_item(&Item::parse(data).at("header")?)
    }

    pub(crate) fn from_item(item: &Item<'_>) -> Result<Self, DecodeError> {
        let mut items = item.list().at("header")?;
        let mut hash = |name| items.expect_item().and_then(|item| item.padded()).at(name);
        let parent_hash = hash("header parentHash")?;
        let state_root = hash("header stateRoot")?;
        let transactions_root = hash("header transactionsRoot")?;
        let receipts_root = hash("header receiptsRoot")?;
        let db_hash = hash("header dbHash")?;
        let log_bloom = Bloom(items.expect_item().and_then(|item| item.padded()).at("header logBloom")?);
        let number = items.expect_item().and_then(|item| item.u64()).at("header number")?;
        // Heights are signed 64-bit numbers everywhere else.
        i64::try_from(number).map_err(|_| Reason::TooLong).at("header number")?;
        let gas_limit = items.expect_item().and_then(|item| item.u256()).at("header gasLimit")?;
        let gas_used = items.expect_item().and_then(|item| item.u256()).at("header gasUsed")?;
        let timestamp = items.expect_item().and_then(|item| item.u64()).at("header timestamp")?;
        let extra_data = items
            .expect_item()
            .and_then(|item| item.list()?.map(|entry| Ok(entry?.bytes()?.to_vec())).collect())
            .at("header extraData")?;
        let sealer = items.expect_item().and_then(|item| item.u256()).at("header sealer")?;
        let sealer_list = items
            .expect_item()
            .and_then(|item| item.list()?.map(|entry| entry?.exactly()).collect())
            .at("header sealerList")?;
        Ok(Self {
            parent_hash,
            state_root,
            transactions_root,
            receipts_root,
            db_hash,
            log_bloom,
            number,
            gas_limit,
            gas_used,
            timestamp,
            extra_data,
            sealer,
            sealer_list,
        })
    }

    /// The RLP list of the 13 fields.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let variable =
            self.sealer_list.len() * 66 + self.extra_data.iter().map(|entry| entry.len() + 9).sum::<usize>();
        encode_list(600 + variable, |list| {
            for hash in [
                &self.parent_hash,
                &self.state_root,
                &self.transactions_root,
                &self.receipts_root,
                &self.db_hash,
            ] {
                list.bytes(hash);
            }
            list.bytes(&self.log_bloom.0);
            list.u64(self.number);
            list.u256(&self.gas_limit);
            list.u256(&self.gas_used);
            list.u64(self.timestamp);
            list.list(|entries| self.extra_data.iter().for_each(|entry| entries.bytes(entry)));
            list.u256(&self.sealer);
            list.list(|keys| self.sealer_list.iter().for_each(|key| keys.bytes(key)));
        })
    }

    /// The block hash.
    #[must_use]
    pub fn hash(&self, suite: Suite) -> Hash {
        suite.hash(&self.encode())
    }
}
