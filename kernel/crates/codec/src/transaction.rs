//! A transaction: ten fields and three items of signature (data model §3.1).

use std::ops::Range;
use std::sync::OnceLock;

use hansa_crypto::{InvalidSecret, Signature, Suite};

use crate::error::{At, DecodeError, Reason};
use crate::rlp::{encode_list, Encoder, Header, Item};
use crate::{Address, Hash, PublicKey, U256};

/// v on the wire is this plus the recovery id.
const WIRE_V_BASE: u8 = 27;

/// The fields of a transaction that is not signed yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnsignedTransaction {
    /// A random number that no other transaction of the group has had within 1000 blocks.
    pub nonce: U256,
    /// Kept, not interpreted.
    pub gas_price: U256,
    /// Caps the gas refund only.
    pub gas: U256,
    /// The last height at which it may be in a block.
    pub block_limit: U256,
    /// The contract to call; `None` creates one.
    pub to: Option<Address>,
    /// Visible to the contract, never transferred.
    pub value: U256,
    /// Call data, or the creation code with its arguments.
    pub data: Vec<u8>,
    /// The chain it is for.
    pub chain_id: U256,
    /// The group it is for.
    pub group_id: U256,
    /// Kept and returned, not interpreted.
    pub extra_data: Vec<u8>,
}

impl UnsignedTransaction {
    /// Sign with a secret of the suite's curve.
    pub fn sign(&self, suite: Suite, secret: &[u8; 32]) -> Result<Transaction, SignError> {
        let mut encoder = Encoder::with_capacity(256 + self.data.len() + self.extra_data.len());
        self.encode_fields(&mut encoder);
        let fields = encoder.finish();
        let digest = suite.hash_of(&[Header::of_list(fields.len()).as_bytes(), &fields]);
        let signature = suite.sign(secret, &digest).map_err(SignError::Secret)?;
        let (r, rest) = signature.split_at(32);
        let (s, _) = rest.split_at(32);
        let raw = encode_list(fields.len() + signature.len() + 16, |list| {
            list.encoded(&fields);
            Signer::of(&signature).encode(list);
            for number in [r, s] {
                list.u256(&U256::from_be_slice(number).unwrap_or_default());
            }
        });
        Transaction::decode(suite, raw).map_err(SignError::Size)
    }

    fn encode_fields(&self, list: &mut Encoder) {
        list.u256(&self.nonce);
        list.u256(&self.gas_price);
        list.u256(&self.gas);
        list.u256(&self.block_limit);
        list.bytes(self.to.as_ref().map_or(&[], |to| &to[..]));
        list.u256(&self.value);
        list.bytes(&self.data);
        list.u256(&self.chain_id);
        list.u256(&self.group_id);
        list.bytes(&self.extra_data);
    }
}

/// Why a transaction cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignError {
    /// The secret is not one.
    Secret(InvalidSecret),
    /// It would be longer than a transaction can be.
    Size(DecodeError),
}

impl std::fmt::Display for SignError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret(error) => error.fmt(formatter),
            Self::Size(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for SignError {}

/// What the first signature item, `v`, says of who signed; which of the two is the suite's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Signer {
    /// 27 plus the recovery id, with which r and s give the key.
    Recoverable(u8),
    /// The key itself. Boxed, so that a transaction of the other suite does not hold room for it.
    Named(Box<PublicKey>),
}

impl Signer {
    fn of(signature: &Signature) -> Self {
        match signature {
            Signature::Standard(bytes) => Self::Recoverable(bytes[64].wrapping_add(WIRE_V_BASE)),
            Signature::Sm(bytes) => {
                let mut key = [0; 64];
                key.copy_from_slice(&bytes[64..]);
                Self::Named(Box::new(key))
            }
        }
    }

    /// The signer, and whether the item is what it encodes to. SDKs that take a key for a number write it without its
    /// leading zeros; it stands for the key of full length.
    fn decode(suite: Suite, item: &Item<'_>) -> Result<(Self, bool), Reason> {
        match suite {
            Suite::Standard => {
                let v = u8::try_from(item.u64()?).map_err(|_| Reason::TooLong)?;
                Ok((Self::Recoverable(v), true))
            }
            Suite::Sm => {
                let key: PublicKey = item.padded()?;
                Ok((Self::Named(Box::new(key)), item.bytes()?.len() == key.len()))
            }
        }
    }

    fn encode(&self, list: &mut Encoder) {
        match self {
            Self::Recoverable(v) => list.u64(u64::from(*v)),
            Self::Named(key) => list.bytes(&key[..]),
        }
    }
}

/// A signed transaction. The signature may be invalid: then it has no sender.
#[derive(Debug)]
pub struct Transaction {
    raw: Box<[u8]>,
    hash: Hash,
    /// Where the items 0 … 9 are in `raw`.
    fields: Range<u32>,
    /// Where the payload of `data` is in `raw`.
    data: Range<u32>,
    /// Where the payload of `extraData` is in `raw`.
    extra_data: Range<u32>,
    /// Is `raw` what its values encode to?
    canonical: bool,
    nonce: U256,
    gas_price: U256,
    gas: U256,
    block_limit: U256,
    to: Option<Address>,
    value: U256,
    chain_id: U256,
    group_id: U256,
    signer: Signer,
    r: U256,
    s: U256,
    sender: OnceLock<Option<Address>>,
}

impl Transaction {
    /// Check the encoding, not the signature.
    pub fn decode(suite: Suite, raw: impl Into<Box<[u8]>>) -> Result<Self, DecodeError> {
        let raw = raw.into();
        let bytes: &[u8] = &raw;
        // Positions are kept in 32 bits.
        u32::try_from(bytes.len()).map_err(|_| Reason::TooLong).at("transaction")?;

        let mut items = Item::parse(bytes).and_then(|item| item.list()).at("transaction")?;
        let fields_start = position(bytes, items.rest());
        let nonce = items.expect_item().and_then(|item| item.u256()).at("transaction nonce")?;
        let gas_price = items.expect_item().and_then(|item| item.u256()).at("transaction gasPrice")?;
        let gas = items.expect_item().and_then(|item| item.u256()).at("transaction gas")?;
        let block_limit = items.expect_item().and_then(|item| item.u256()).at("transaction blockLimit")?;
        let to_item = items.expect_item().at("transaction to")?;
        let to = decode_to(&to_item).at("transaction to")?;
        let value = items.expect_item().and_then(|item| item.u256()).at("transaction value")?;
        let data = items.expect_item().and_then(|item| item.bytes()).at("transaction data")?;
        let data = ending_at(position(bytes, items.rest()), data.len());
        let chain_id = items.expect_item().and_then(|item| item.u256()).at("transaction chainId")?;
        let group_id = items.expect_item().and_then(|item| item.u256()).at("transaction groupId")?;
        let extra_item = items.expect_item().at("transaction extraData")?;
        // A list here is not refused; it stands for no bytes.
        let extra_data = extra_item.bytes().unwrap_or_default();
        let fields_end = position(bytes, items.rest());
        let extra_data = ending_at(fields_end, extra_data.len());
        let signer = items.expect_item().and_then(|item| Signer::decode(suite, &item));
        let (signer, signer_is_canonical) = signer.at("transaction v")?;
        let r = items.expect_item().and_then(|item| item.u256()).at("transaction r")?;
        let s = items.expect_item().and_then(|item| item.u256()).at("transaction s")?;

        // Everything else that is accepted has one encoding only.
        let canonical =
            items.rest().is_empty() && !to_item.is_list() && !extra_item.is_list() && signer_is_canonical;
        let mut transaction = Self {
            hash: [0; 32],
            fields: fields_start..fields_end,
            data,
            extra_data,
            canonical,
            nonce,
            gas_price,
            gas,
            block_limit,
            to,
            value,
            chain_id,
            group_id,
            signer,
            r,
            s,
            sender: OnceLock::new(),
            raw,
        };
        transaction.hash = transaction.canonical_hash();
        Ok(transaction)
    }

    /// The bytes as received: what is stored and forwarded.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The hash of the canonical encoding of all 13 items.
    #[must_use]
    pub fn hash(&self) -> &Hash {
        &self.hash
    }

    /// The hash of the canonical encoding of the first ten items: what is signed.
    #[must_use]
    pub fn signing_hash(&self) -> Hash {
        let suite = self.suite();
        if self.canonical {
            let fields = self.slice(&self.fields);
            return suite.hash_of(&[Header::of_list(fields.len()).as_bytes(), fields]);
        }
        suite.hash(&encode_list(self.raw.len(), |list| self.unsigned().encode_fields(list)))
    }

    /// The account that signed, recovered once and kept; `None` if the signature is not valid.
    #[must_use]
    pub fn sender(&self) -> Option<Address> {
        *self.sender.get_or_init(|| {
            let key = self.suite().recover(&self.signing_hash(), &self.signature())?;
            Some(self.suite().address(&key))
        })
    }

    /// Is the sender known, so that [`Self::sender`] costs nothing?
    #[must_use]
    pub fn has_known_sender(&self) -> bool {
        self.sender.get().is_some()
    }

    /// r ‖ s ‖ v with v as recovery id, where 27 and 28 on the wire are 0 and 1 and anything else is not valid; or
    /// r ‖ s ‖ public key.
    #[must_use]
    pub fn signature(&self) -> Signature {
        match &self.signer {
            Signer::Recoverable(v) => {
                let mut bytes = [0; 65];
                bytes[..32].copy_from_slice(&self.r.0);
                bytes[32..64].copy_from_slice(&self.s.0);
                bytes[64] = v.wrapping_sub(WIRE_V_BASE);
                Signature::Standard(bytes)
            }
            Signer::Named(key) => {
                let mut bytes = [0; 128];
                bytes[..32].copy_from_slice(&self.r.0);
                bytes[32..64].copy_from_slice(&self.s.0);
                bytes[64..].copy_from_slice(&key[..]);
                Signature::Sm(bytes)
            }
        }
    }

    /// What it is hashed and signed with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        match self.signer {
            Signer::Recoverable(_) => Suite::Standard,
            Signer::Named(_) => Suite::Sm,
        }
    }

    /// See [`UnsignedTransaction::nonce`].
    #[must_use]
    pub fn nonce(&self) -> &U256 {
        &self.nonce
    }

    /// See [`UnsignedTransaction::gas_price`].
    #[must_use]
    pub fn gas_price(&self) -> &U256 {
        &self.gas_price
    }

    /// See [`UnsignedTransaction::gas`].
    #[must_use]
    pub fn gas(&self) -> &U256 {
        &self.gas
    }

    /// See [`UnsignedTransaction::block_limit`].
    #[must_use]
    pub fn block_limit(&self) -> &U256 {
        &self.block_limit
    }

    /// The contract to call; `None` creates one.
    #[must_use]
    pub fn to(&self) -> Option<&Address> {
        self.to.as_ref()
    }

    /// See [`UnsignedTransaction::value`].
    #[must_use]
    pub fn value(&self) -> &U256 {
        &self.value
    }

    /// See [`UnsignedTransaction::data`].
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.slice(&self.data)
    }

    /// See [`UnsignedTransaction::chain_id`].
    #[must_use]
    pub fn chain_id(&self) -> &U256 {
        &self.chain_id
    }

    /// See [`UnsignedTransaction::group_id`].
    #[must_use]
    pub fn group_id(&self) -> &U256 {
        &self.group_id
    }

    /// See [`UnsignedTransaction::extra_data`].
    #[must_use]
    pub fn extra_data(&self) -> &[u8] {
        self.slice(&self.extra_data)
    }

    /// What it takes in memory, in bytes.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        let key = match &self.signer {
            Signer::Recoverable(_) => 0,
            Signer::Named(key) => key.len(),
        };
        std::mem::size_of::<Self>() + key + self.raw.len()
    }

    fn slice(&self, range: &Range<u32>) -> &[u8] {
        self.raw.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn canonical_hash(&self) -> Hash {
        if self.canonical {
            return self.suite().hash(&self.raw);
        }
        self.suite().hash(&encode_list(self.raw.len(), |list| {
            self.unsigned().encode_fields(list);
            self.signer.encode(list);
            list.u256(&self.r);
            list.u256(&self.s);
        }))
    }

    fn unsigned(&self) -> UnsignedTransaction {
        UnsignedTransaction {
            nonce: self.nonce,
            gas_price: self.gas_price,
            gas: self.gas,
            block_limit: self.block_limit,
            to: self.to,
            value: self.value,
            data: self.data().to_vec(),
            chain_id: self.chain_id,
            group_id: self.group_id,
            extra_data: self.extra_data().to_vec(),
        }
    }
}

/// Nothing, as string or as list, is a creation; otherwise exactly 20 bytes.
fn decode_to(item: &Item<'_>) -> Result<Option<Address>, Reason> {
    if item.is_list() {
        return if item.list()?.rest().is_empty() { Ok(None) } else { Err(Reason::NotBytes) };
    }
    if item.bytes()?.is_empty() {
        return Ok(None);
    }
    item.exactly().map(Some)
}

/// Where `rest`, a tail of `all`, begins. `all` has at most 2³² − 1 bytes.
fn position(all: &[u8], rest: &[u8]) -> u32 {
    (all.len() - rest.len()) as u32
}

/// The payload of `length` bytes of an item that ends at `end`.
fn ending_at(end: u32, length: usize) -> Range<u32> {
    end - length as u32..end
}
