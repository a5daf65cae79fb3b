//! Headers and blocks.

use std::sync::Arc;

use hansa_codec::{decode_proposal, merkle, BlockSignature, LogFilter};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::errors::{invalid, out_of_range};
use crate::suite::Suite;
use crate::transactions::TransactionList;
use crate::values::{list_of_bytes, Count, Fixed, Number};

#[pyfunction]
#[pyo3(signature = (hashes, *, suite = Suite::Standard))]
pub fn transactions_root<'py>(py: Python<'py>, hashes: Vec<Fixed<32>>, suite: Suite) -> Bound<'py, PyBytes> {
    let hashes: Vec<_> = hashes.into_iter().map(|hash| hash.0).collect();
    PyBytes::new(py, &py.detach(|| merkle::root(suite.get(), &hashes)))
}

#[pyclass(frozen, module = "hansa._kernel")]
pub struct Header {
    pub fields: Arc<hansa_codec::Header>,
    pub suite: hansa_crypto::Suite,
}

#[pymethods]
impl Header {
    #[new]
    #[pyo3(signature = (
        *, number, parent_hash = None, state_root = None, transactions_root = None, receipts_root = None,
        db_hash = None, timestamp, extra_data = Vec::new(), sealer = Number(hansa_codec::U256::ZERO),
        sealer_list = Vec::new(), suite = Suite::Standard
    ), text_signature = "(*, number, parent_hash=None, state_root=None, transactions_root=None, receipts_root=None, db_hash=None, timestamp, extra_data=(), sealer=0, sealer_list=(), suite=...)")]
    #[allow(clippy::too_many_arguments, reason = "a header has that many fields; all go by name")]
    fn new(
        number: Count,
        parent_hash: Option<Fixed<32>>,
        state_root: Option<Fixed<32>>,
        transactions_root: Option<Fixed<32>>,
        receipts_root: Option<Fixed<32>>,
        db_hash: Option<Fixed<32>>,
        timestamp: Count,
        extra_data: Vec<PyBackedBytes>,
        sealer: Number,
        sealer_list: Vec<Fixed<64>>,
        suite: Suite,
    ) -> PyResult<Self> {
        if i64::try_from(number.0).is_err() {
            return Err(invalid("a height is below 2^63"));
        }
        let or_zeros = |hash: Option<Fixed<32>>| hash.map_or([0; 32], |hash| hash.0);
        let fields = hansa_codec::Header {
            number: number.0,
            parent_hash: or_zeros(parent_hash),
            state_root: or_zeros(state_root),
            transactions_root: or_zeros(transactions_root),
            receipts_root: or_zeros(receipts_root),
            db_hash: or_zeros(db_hash),
            timestamp: timestamp.0,
            extra_data: extra_data.iter().map(|entry| entry.to_vec()).collect(),
            sealer: sealer.0,
            sealer_list: sealer_list.into_iter().map(|key| key.0).collect(),
            ..Default::default()
        };
        Ok(Self { fields: Arc::new(fields), suite: suite.get() })
    }

    #[staticmethod]
    #[pyo3(signature = (data, *, suite = Suite::Standard))]
    fn decode(data: PyBackedBytes, suite: Suite) -> PyResult<Self> {
        let fields = hansa_codec::Header::decode(&data).map(Arc::new).map_err(invalid)?;
        Ok(Self { fields, suite: suite.get() })
    }

    #[getter]
    fn suite(&self) -> Suite {
        self.suite.into()
    }

    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.fields.encode())
    }

    #[getter]
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.fields.hash(self.suite))
    }

    #[getter]
    fn parent_hash(&self) -> &[u8] {
        &self.fields.parent_hash
    }

    #[getter]
    fn state_root(&self) -> &[u8] {
        &self.fields.state_root
    }

    #[getter]
    fn transactions_root(&self) -> &[u8] {
        &self.fields.transactions_root
    }

    #[getter]
    fn receipts_root(&self) -> &[u8] {
        &self.fields.receipts_root
    }

    #[getter]
    fn db_hash(&self) -> &[u8] {
        &self.fields.db_hash
    }

    #[getter]
    fn log_bloom(&self) -> &[u8] {
        &self.fields.log_bloom.0
    }

    #[getter]
    fn number(&self) -> u64 {
        self.fields.number
    }

    #[getter]
    fn gas_limit(&self) -> Number {
        Number(self.fields.gas_limit)
    }

    #[getter]
    fn gas_used(&self) -> Number {
        Number(self.fields.gas_used)
    }

    #[getter]
    fn timestamp(&self) -> u64 {
        self.fields.timestamp
    }

    #[getter]
    fn extra_data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list_of_bytes(py, &self.fields.extra_data)
    }

    #[getter]
    fn sealer(&self) -> Number {
        Number(self.fields.sealer)
    }

    #[getter]
    fn sealer_list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list_of_bytes(py, &self.fields.sealer_list)
    }
}

#[pyclass(frozen, module = "hansa._kernel")]
pub struct Block(pub Arc<hansa_codec::Block>);

impl From<hansa_codec::Block> for Block {
    fn from(block: hansa_codec::Block) -> Self {
        Self(Arc::new(block))
    }
}

impl Block {
    /// Work on the block without the interpreter lock; `None` means that there is no such position.
    fn at<'py>(
        &self,
        py: Python<'py>,
        index: Count,
        work: impl FnOnce(&hansa_codec::Block, usize) -> Option<Vec<u8>> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let json = py
            .detach(|| work(&self.0, index.as_usize()))
            .ok_or_else(|| out_of_range(index.0, self.0.receipts().len()))?;
        Ok(PyBytes::new(py, &json))
    }
}

#[pymethods]
impl Block {
    #[staticmethod]
    fn propose(py: Python<'_>, header: &Header, transactions: &TransactionList) -> Self {
        let (fields, suite) = ((*header.fields).clone(), header.suite);
        let transactions = Arc::clone(&transactions.0);
        py.detach(|| hansa_codec::Block::propose(suite, fields, transactions)).into()
    }

    #[staticmethod]
    #[pyo3(signature = (data, *, suite = Suite::Standard))]
    fn decode(py: Python<'_>, data: PyBackedBytes, suite: Suite) -> PyResult<Self> {
        py.detach(|| hansa_codec::Block::decode(suite.get(), &data)).map(Self::from).map_err(invalid)
    }

    #[staticmethod]
    #[pyo3(signature = (data, *, suite = Suite::Standard))]
    fn decode_proposal<'py>(
        py: Python<'py>,
        data: PyBackedBytes,
        suite: Suite,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let proposal = py.detach(|| decode_proposal(suite.get(), &data)).map_err(invalid)?;
        let hashes = list_of_bytes(py, &proposal.transaction_hashes)?;
        let hash = PyBytes::new(py, &proposal.hash);
        let header = Header { fields: Arc::new(proposal.header), suite: suite.get() };
        (header, hashes, hash).into_pyobject(py)
    }

    fn encode<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let encoded = py.detach(|| self.0.encode()).map_err(invalid)?;
        Ok(PyBytes::new(py, &encoded))
    }

    fn encode_proposal<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.encode_proposal()))
    }

    fn with_signatures(&self, signatures: Vec<(Count, PyBackedBytes)>) -> PyResult<Self> {
        let size = self.0.suite().signature_size();
        let entry = |(sealer_index, signature): (Count, PyBackedBytes)| match signature.len() {
            length if length == size => {
                Ok(BlockSignature { sealer_index: sealer_index.0, signature: signature.to_vec() })
            }
            length => Err(invalid(format!("{size} bytes expected, not {length}"))),
        };
        let signatures: PyResult<_> = signatures.into_iter().map(entry).collect();
        Ok(self.0.with_signatures(signatures?).into())
    }

    #[getter]
    fn suite(&self) -> Suite {
        self.0.suite().into()
    }

    #[getter]
    fn header(&self) -> Header {
        Header { fields: Arc::clone(self.0.header()), suite: self.0.suite() }
    }

    #[getter]
    fn hash(&self) -> &[u8] {
        self.0.hash()
    }

    #[getter]
    fn number(&self) -> u64 {
        self.0.header().number
    }

    #[getter]
    fn transactions(&self) -> TransactionList {
        TransactionList(Arc::clone(self.0.transactions()))
    }

    #[getter]
    fn signatures(&self) -> Vec<(u64, &[u8])> {
        self.0.signatures().iter().map(|entry| (entry.sealer_index, &entry.signature[..])).collect()
    }

    #[getter]
    fn receipt_count(&self) -> usize {
        self.0.receipts().len()
    }

    #[getter]
    fn nonces<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list_of_bytes(py, self.0.nonces().map(|nonce| nonce.0).collect::<Vec<_>>())
    }

    fn failed_count(&self) -> usize {
        self.0.failed_count()
    }

    fn index_of(&self, transaction_hash: Fixed<32>) -> Option<usize> {
        self.0.index_of(&transaction_hash.0)
    }

    fn transaction_json<'py>(&self, py: Python<'py>, index: Count) -> PyResult<Bound<'py, PyBytes>> {
        self.at(py, index, hansa_codec::Block::transaction_json)
    }

    #[pyo3(signature = (index, *, with_proofs = false))]
    fn receipt_json<'py>(
        &self,
        py: Python<'py>,
        index: Count,
        with_proofs: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.at(py, index, |block, index| block.receipt_json(index, with_proofs))
    }

    #[pyo3(signature = (*, with_proofs = false))]
    fn receipts_json<'py>(&self, py: Python<'py>, with_proofs: bool) -> PyResult<Bound<'py, PyList>> {
        list_of_bytes(py, py.detach(|| self.0.receipts_json(with_proofs)))
    }

    fn logs_json<'py>(&self, py: Python<'py>, index: Count) -> PyResult<Bound<'py, PyBytes>> {
        self.at(py, index, hansa_codec::Block::logs_json)
    }

    fn event_logs_json<'py>(
        &self,
        py: Python<'py>,
        addresses: Vec<Fixed<20>>,
        topics: Vec<Vec<Fixed<32>>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let topics = topics.into_iter().map(|position| position.into_iter().map(|topic| topic.0).collect());
        let (addresses, topics) =
            (addresses.into_iter().map(|address| address.0).collect(), topics.collect());
        let suite = self.0.suite();
        list_of_bytes(py, py.detach(|| self.0.event_logs_json(&LogFilter::new(suite, addresses, topics))))
    }

    fn batch_receipts_json<'py>(&self, py: Python<'py>, start: Count, count: Count) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.batch_receipts_json(start.as_usize(), count.as_usize())))
    }

    fn transaction_proof_json<'py>(&self, py: Python<'py>, index: Count) -> PyResult<Bound<'py, PyBytes>> {
        self.at(py, index, hansa_codec::Block::transaction_proof_json)
    }

    fn receipt_proof_json<'py>(&self, py: Python<'py>, index: Count) -> PyResult<Bound<'py, PyBytes>> {
        self.at(py, index, hansa_codec::Block::receipt_proof_json)
    }
}
