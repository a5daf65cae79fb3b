//! What clients see of transactions and receipts (client protocol §3.6.5–3.6.9): compact, names in byte order.

use hansa_crypto::Signature;
use rayon::prelude::*;

use crate::json::Writer;
use crate::merkle::Tree;
use crate::{status_text, Address, Block, Receipt, Transaction, U256};

const NO_ADDRESS: Address = [0; 20];

/// What does not depend on the data of a receipt or transaction.
const FIXED_SIZE: usize = 2048;

impl Transaction {
    /// A transaction that is in no block yet.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Writer::with_capacity(FIXED_SIZE + 2 * self.raw().len());
        write_transaction(&mut json, self, None);
        json.finish()
    }
}

impl Block {
    /// The transaction at a position; `None` if there is none.
    #[must_use]
    pub fn transaction_json(&self, index: usize) -> Option<Vec<u8>> {
        let transaction = self.transaction(index)?;
        let mut json = Writer::with_capacity(FIXED_SIZE + 2 * transaction.raw().len());
        write_transaction(&mut json, transaction, Some((self, index)));
        Some(json.finish())
    }

    /// The receipt at a position, with both proofs if asked for; `None` if there is none.
    #[must_use]
    pub fn receipt_json(&self, index: usize, with_proofs: bool) -> Option<Vec<u8>> {
        let trees = (with_proofs && index < self.receipts().len()).then(|| Proofs::of(self));
        self.receipt_with(index, trees.as_ref())
    }

    /// All receipts, made on all cores.
    #[must_use]
    pub fn receipts_json(&self, with_proofs: bool) -> Vec<Vec<u8>> {
        let trees = with_proofs.then(|| Proofs::of(self));
        (0..self.receipts().len())
            .into_par_iter()
            .with_min_len(16)
            .filter_map(|index| self.receipt_with(index, trees.as_ref()))
            .collect()
    }

    fn receipt_with(&self, index: usize, proofs: Option<&Proofs>) -> Option<Vec<u8>> {
        let (transaction, receipt) = (self.transaction(index)?, self.receipts().get(index)?);
        let proofs_size = if proofs.is_some() { 8192 } else { 0 };
        let mut json = Writer::with_capacity(
            FIXED_SIZE + 2 * (transaction.data().len() + receipt.size_guess()) + proofs_size,
        );
        write_receipt(&mut json, self, index, transaction, receipt, proofs);
        Some(json.finish())
    }

    /// The logs of the receipt at a position; `None` if there is none.
    #[must_use]
    pub fn logs_json(&self, index: usize) -> Option<Vec<u8>> {
        let receipt = self.receipts().get(index)?;
        let mut json = Writer::with_capacity(64 + 2 * receipt.size_guess());
        write_logs(&mut json, receipt);
        Some(json.finish())
    }

    /// Short receipts of a part of the block, and which block it is. A part that reaches beyond the end is cut.
    #[must_use]
    pub fn batch_receipts_json(&self, start: usize, count: usize) -> Vec<u8> {
        let part: Vec<_> =
            self.transactions().iter().zip(self.receipts()).enumerate().skip(start).take(count).collect();
        let size: usize = part.iter().map(|(_, (_, receipt))| 512 + 2 * receipt.size_guess()).sum();
        let mut json = Writer::with_capacity(512 + size);
        json.object(|json| {
            json.name("blockInfo");
            json.object(|json| {
                json.name("blockHash");
                json.hex(self.hash());
                json.name("blockNumber");
                json.quantity(&U256::from(self.header().number));
                json.name("receiptRoot");
                json.hex(&self.header().receipts_root);
                json.name("receiptsCount");
                json.quantity(&U256::from(self.receipts().len() as u64));
            });
            json.name("transactionReceipts");
            json.array(|json| {
                for (index, (transaction, receipt)) in part {
                    write_short_receipt(json, index, transaction, receipt);
                }
            });
        });
        json.finish()
    }

    /// The proof of the transaction at a position; `None` if there is none.
    #[must_use]
    pub fn transaction_proof_json(&self, index: usize) -> Option<Vec<u8>> {
        self.transaction(index)?;
        Some(proof_json(&self.transaction_tree(), index))
    }

    /// The proof of the receipt at a position; `None` if there is none.
    #[must_use]
    pub fn receipt_proof_json(&self, index: usize) -> Option<Vec<u8>> {
        self.receipts().get(index)?;
        Some(proof_json(&self.receipt_tree(), index))
    }
}

struct Proofs {
    transactions: Tree,
    receipts: Tree,
}

impl Proofs {
    fn of(block: &Block) -> Self {
        Self { transactions: block.transaction_tree(), receipts: block.receipt_tree() }
    }
}

fn write_transaction(json: &mut Writer, transaction: &Transaction, place: Option<(&Block, usize)>) {
    let signature = transaction.signature();
    let (r, rest) = signature.split_at(32);
    let (s, key) = rest.split_at(32);
    json.object(|json| {
        if let Some((block, _)) = place {
            json.name("blockHash");
            json.hex(block.hash());
        }
        json.name("blockLimit");
        json.quantity(transaction.block_limit());
        if let Some((block, _)) = place {
            json.name("blockNumber");
            json.quantity(&U256::from(block.header().number));
        }
        json.name("chainId");
        json.quantity(transaction.chain_id());
        json.name("extraData");
        json.hex(transaction.extra_data());
        json.name("from");
        json.hex(&sender(transaction));
        json.name("gas");
        json.quantity(transaction.gas());
        json.name("gasPrice");
        json.quantity(transaction.gas_price());
        json.name("groupId");
        json.quantity(transaction.group_id());
        json.name("hash");
        json.hex(transaction.hash());
        json.name("input");
        json.hex(transaction.data());
        json.name("nonce");
        json.quantity(transaction.nonce());
        json.name("signature");
        json.object(|json| {
            json.name("r");
            json.hex(r);
            json.name("s");
            json.hex(s);
            json.name("signature");
            json.hex(&signature);
            json.name("v");
            match signature {
                Signature::Standard(bytes) => json.quantity(&U256::from(u64::from(bytes[64]))),
                Signature::Sm(_) => json.hex(key),
            }
        });
        json.name("to");
        json.hex(transaction.to().unwrap_or(&NO_ADDRESS));
        if let Some((_, index)) = place {
            json.name("transactionIndex");
            json.quantity(&U256::from(index as u64));
        }
        json.name("value");
        json.quantity(transaction.value());
    });
}

fn write_receipt(
    json: &mut Writer,
    block: &Block,
    index: usize,
    transaction: &Transaction,
    receipt: &Receipt,
    proofs: Option<&Proofs>,
) {
    json.object(|json| {
        json.name("blockHash");
        json.hex(block.hash());
        json.name("blockNumber");
        json.quantity(&U256::from(block.header().number));
        json.name("contractAddress");
        json.hex(&receipt.contract_address);
        json.name("from");
        json.hex(&sender(transaction));
        json.name("gasUsed");
        json.quantity(&receipt.gas_used);
        json.name("input");
        json.hex(transaction.data());
        json.name("logs");
        write_logs(json, receipt);
        json.name("logsBloom");
        json.hex(&receipt.bloom.0);
        json.name("output");
        json.hex(&receipt.output);
        if let Some(proofs) = proofs {
            json.name("receiptProof");
            write_proof(json, &proofs.receipts, index);
        }
        json.name("remainGas");
        json.quantity(&receipt.remain_gas);
        json.name("root");
        json.hex(&receipt.state_root);
        json.name("status");
        json.quantity(&U256::from(u64::from(receipt.status)));
        json.name("statusMsg");
        json.text(status_text(receipt.status));
        json.name("to");
        json.hex(transaction.to().unwrap_or(&NO_ADDRESS));
        json.name("transactionHash");
        json.hex(transaction.hash());
        json.name("transactionIndex");
        json.quantity(&U256::from(index as u64));
        if let Some(proofs) = proofs {
            json.name("txProof");
            write_proof(json, &proofs.transactions, index);
        }
    });
}

fn write_short_receipt(json: &mut Writer, index: usize, transaction: &Transaction, receipt: &Receipt) {
    json.object(|json| {
        json.name("contractAddress");
        json.hex(&receipt.contract_address);
        json.name("from");
        json.hex(&sender(transaction));
        json.name("gasUsed");
        json.quantity(&receipt.gas_used);
        json.name("logs");
        write_logs(json, receipt);
        json.name("output");
        json.hex(&receipt.output);
        json.name("status");
        json.quantity(&U256::from(u64::from(receipt.status)));
        json.name("to");
        json.hex(transaction.to().unwrap_or(&NO_ADDRESS));
        json.name("transactionHash");
        json.hex(transaction.hash());
        json.name("transactionIndex");
        json.quantity(&U256::from(index as u64));
    });
}

fn write_logs(json: &mut Writer, receipt: &Receipt) {
    json.array(|json| {
        for log in &receipt.logs {
            json.object(|json| {
                json.name("address");
                json.hex(&log.address);
                json.name("data");
                json.hex(&log.data);
                json.name("topics");
                json.array(|json| log.topics.iter().for_each(|topic| json.hex(topic)));
            });
        }
    });
}

fn proof_json(tree: &Tree, index: usize) -> Vec<u8> {
    let mut json = Writer::with_capacity(4096);
    write_proof(&mut json, tree, index);
    json.finish()
}

fn write_proof(json: &mut Writer, tree: &Tree, index: usize) {
    json.array(|json| {
        for siblings in tree.proof(index).into_iter().flatten() {
            json.object(|json| {
                json.name("left");
                json.array(|json| siblings.left.iter().for_each(|node| json.bare_hex(node)));
                json.name("right");
                json.array(|json| siblings.right.iter().for_each(|node| json.bare_hex(node)));
            });
        }
    });
}

/// Zeros for a transaction whose signature is not valid: no such transaction gets into a block.
fn sender(transaction: &Transaction) -> Address {
    transaction.sender().unwrap_or(NO_ADDRESS)
}
