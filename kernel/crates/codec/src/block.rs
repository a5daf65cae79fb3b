//! A block: header, transactions, and once it ran receipts, once it is agreed signatures (data model §6.2).

use std::sync::Arc;

use hansa_crypto::Suite;

use crate::error::{At, DecodeError, Reason};
use crate::rlp::{encode_list, Item, List};
use crate::{merkle, Hash, Header, Receipt, Transaction, TransactionList, U256};

/// A sealer's signature of the block hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSignature {
    /// The position in the header's sealer list.
    pub sealer_index: u64,
    /// As long as the suite makes it.
    pub signature: Vec<u8>,
}

/// An immutable block; its parts are shared between its stages.
#[derive(Debug, Clone)]
pub struct Block {
    suite: Suite,
    header: Arc<Header>,
    hash: Hash,
    transactions: Arc<TransactionList>,
    /// None before it ran, then one for each transaction.
    receipts: Arc<Vec<Receipt>>,
    signatures: Vec<BlockSignature>,
}

/// The form that travels before a block is agreed: transactions by hash only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Of the block before it ran.
    pub header: Header,
    /// The transactions, in order.
    pub transaction_hashes: Vec<Hash>,
    /// The hash of the header.
    pub hash: Hash,
}

impl Block {
    /// A block that has not run; the transactions root is filled in.
    #[must_use]
    pub fn propose(suite: Suite, mut header: Header, transactions: Arc<TransactionList>) -> Self {
        header.transactions_root = merkle::root(suite, &transactions.hashes());
        Self::assemble(suite, header, transactions, Vec::new())
    }

    /// The same transactions after they ran: with the header that says so, and without signatures.
    ///
    /// # Errors
    /// The number of receipts is not that of the transactions.
    pub fn with_receipts(&self, header: Header, receipts: Vec<Receipt>) -> Result<Self, DecodeError> {
        if receipts.len() != self.transactions.len() {
            return Err(Reason::ReceiptCount).at("block receipts");
        }
        Ok(Self::assemble(self.suite, header, Arc::clone(&self.transactions), receipts))
    }

    fn assemble(
        suite: Suite,
        header: Header,
        transactions: Arc<TransactionList>,
        receipts: Vec<Receipt>,
    ) -> Self {
        let hash = header.hash(suite);
        Self {
            suite,
            header: Arc::new(header),
            hash,
            transactions,
            receipts: Arc::new(receipts),
            signatures: Vec::new(),
        }
    }

    /// The same block with other signatures.
    #[must_use]
    pub fn with_signatures(&self, signatures: Vec<BlockSignature>) -> Self {
        Self { signatures, ..self.clone() }
    }

    /// Decode the form of five items: header, transactions, hash, signatures, receipts.
    pub fn decode(suite: Suite, data: &[u8]) -> Result<Self, DecodeError> {
        let mut items = Item::parse(data).and_then(|item| item.list()).at("block")?;
        let header = Header::from_item(&items.expect_item().at("block header")?)?;
        let blob = items.expect_item().and_then(|item| item.bytes()).at("block transactions")?;
        let claimed: Hash = items.expect_item().and_then(|item| item.padded()).at("block hash")?;
        if header.hash(suite) != claimed {
            return Err(Reason::HashMismatch).at("block hash");
        }
        let signatures = items
            .expect_item()
            .and_then(|item| item.list()?.map(|entry| decode_signature(&entry?)).collect())
            .at("block signatures")?;
        let receipt_items = items.expect_item().and_then(|item| item.list()).at("block receipts")?;
        let transactions = TransactionList::decode_blob(suite, blob)?;
        let receipts = decode_receipts(receipt_items, transactions.len())?;
        Ok(Self {
            suite,
            header: Arc::new(header),
            hash: claimed,
            transactions: Arc::new(transactions),
            receipts: Arc::new(receipts),
            signatures,
        })
    }

    /// The form of five items.
    ///
    /// # Errors
    /// The transactions do not fit their offset table.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        let blob = self.transactions.encode_blob()?;
        let receipts_size: usize = self.receipts.iter().map(Receipt::size_guess).sum();
        Ok(encode_list(
            1024 + blob.len() + receipts_size + self.signatures.len() * (self.suite.signature_size() + 8),
            |list| {
                list.encoded(&self.header.encode());
                list.bytes(&blob);
                list.bytes(&self.hash);
                list.list(|signatures| {
                    for entry in &self.signatures {
                        signatures.list(|items| {
                            items.u64(entry.sealer_index);
                            items.bytes(&entry.signature);
                        });
                    }
                });
                list.list(|receipts| self.receipts.iter().for_each(|receipt| receipt.encode_into(receipts)));
            },
        ))
    }

    /// The form of three items: header, transaction hashes, hash.
    #[must_use]
    pub fn encode_proposal(&self) -> Vec<u8> {
        encode_list(1024 + self.transactions.len() * 33, |list| {
            list.encoded(&self.header.encode());
            list.list(|hashes| {
                self.transactions.iter().for_each(|transaction| hashes.bytes(transaction.hash()))
            });
            list.bytes(&self.hash);
        })
    }

    /// What it is hashed with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The hash of the header.
    #[must_use]
    pub fn hash(&self) -> &Hash {
        &self.hash
    }

    /// The transactions.
    #[must_use]
    pub fn transactions(&self) -> &Arc<TransactionList> {
        &self.transactions
    }

    /// None before it ran, then one for each transaction.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// In the order they were given or found.
    #[must_use]
    pub fn signatures(&self) -> &[BlockSignature] {
        &self.signatures
    }

    /// Receipts with a status other than 0.
    #[must_use]
    pub fn failed_count(&self) -> usize {
        self.receipts.iter().filter(|receipt| receipt.status != 0).count()
    }

    /// The nonces of the transactions, in order.
    pub fn nonces(&self) -> impl Iterator<Item = &U256> {
        self.transactions.iter().map(|transaction| transaction.nonce())
    }

    /// Where the transaction with this hash is.
    #[must_use]
    pub fn index_of(&self, transaction_hash: &Hash) -> Option<usize> {
        self.transactions.iter().position(|transaction| transaction.hash() == transaction_hash)
    }

    /// The transaction at a position.
    #[must_use]
    pub fn transaction(&self, index: usize) -> Option<&Transaction> {
        self.transactions.get(index).map(Arc::as_ref)
    }

    /// The tree that proves transactions.
    #[must_use]
    pub fn transaction_tree(&self) -> merkle::Tree {
        merkle::Tree::new(self.suite, &self.transactions.hashes())
    }

    /// The tree that proves receipts.
    #[must_use]
    pub fn receipt_tree(&self) -> merkle::Tree {
        let hashes: Vec<_> = self.receipts.iter().map(|receipt| receipt.hash(self.suite)).collect();
        merkle::Tree::new(self.suite, &hashes)
    }
}

/// Decode the form of three items.
pub fn decode_proposal(suite: Suite, data: &[u8]) -> Result<Proposal, DecodeError> {
    let mut items = Item::parse(data).and_then(|item| item.list()).at("proposal")?;
    let header = Header::from_item(&items.expect_item().at("proposal header")?)?;
    let transaction_hashes = items
        .expect_item()
        .and_then(|item| item.list()?.map(|entry| entry?.exactly()).collect())
        .at("proposal transaction hashes")?;
    let hash = items.expect_item().and_then(|item| item.padded()).at("proposal hash")?;
    if header.hash(suite) != hash {
        return Err(Reason::HashMismatch).at("proposal hash");
    }
    Ok(Proposal { header, transaction_hashes, hash })
}

/// None, or one for each of `count` transactions.
fn decode_receipts(items: List<'_>, count: usize) -> Result<Vec<Receipt>, DecodeError> {
    let mut receipts = Vec::new();
    for (index, item) in items.enumerate() {
        if index == count {
            return Err(Reason::ReceiptCount).at("block receipts");
        }
        let receipt = item.at("receipt").and_then(|item| Receipt::from_item(&item));
        receipts.push(receipt.map_err(|error| error.of_entry(index))?);
    }
    if !receipts.is_empty() && receipts.len() != count {
        return Err(Reason::ReceiptCount).at("block receipts");
    }
    Ok(receipts)
}

fn decode_signature(item: &Item<'_>) -> Result<BlockSignature, Reason> {
    let mut items = item.list()?;
    Ok(BlockSignature {
        sealer_index: items.expect_item()?.u64()?,
        signature: items.expect_item()?.bytes()?.to_vec(),
    })
}
