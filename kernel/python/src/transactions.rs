//! Transactions and lists of them.

use std::sync::Arc;

use hansa_codec::UnsignedTransaction;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyIterator, PyList};

use crate::errors::{invalid, out_of_range};
use crate::suite::Suite;
use crate::values::{list_of_bytes, Fixed, Number};

#[pyclass(frozen, module = "hansa._kernel")]
pub struct Transaction(pub Arc<hansa_codec::Transaction>);

#[pymethods]
impl Transaction {
    #[staticmethod]
    #[pyo3(signature = (raw, *, suite = Suite::Standard))]
    fn decode(py: Python<'_>, raw: PyBackedBytes, suite: Suite) -> PyResult<Self> {
        let decoded = py.detach(|| hansa_codec::Transaction::decode(suite.get(), &*raw)).map_err(invalid)?;
        Ok(Self(Arc::new(decoded)))
    }

    #[staticmethod]
    #[pyo3(signature = (
        secret, *, nonce, gas_price, gas, block_limit, to, value, data, chain_id, group_id, extra_data = None,
        suite = Suite::Standard
    ), text_signature = "(secret, *, nonce, gas_price, gas, block_limit, to, value, data, chain_id, group_id, extra_data=b'', suite=...)")]
    #[allow(
        clippy::too_many_arguments,
        reason = "a transaction has that many fields; all but one go by name"
    )]
    fn create(
        py: Python<'_>,
        secret: Fixed<32>,
        nonce: Number,
        gas_price: Number,
        gas: Number,
        block_limit: Number,
        to: Option<Fixed<20>>,
        value: Number,
        data: PyBackedBytes,
        chain_id: Number,
        group_id: Number,
        extra_data: Option<PyBackedBytes>,
        suite: Suite,
    ) -> PyResult<Self> {
        let unsigned = UnsignedTransaction {
            nonce: nonce.0,
            gas_price: gas_price.0,
            gas: gas.0,
            block_limit: block_limit.0,
            to: to.map(|to| to.0),
            value: value.0,
            data: data.to_vec(),
            chain_id: chain_id.0,
            group_id: group_id.0,
            extra_data: extra_data.map_or_else(Vec::new, |bytes| bytes.to_vec()),
        };
        let signed = py.detach(|| unsigned.sign(suite.get(), &secret.0)).map_err(invalid)?;
        Ok(Self(Arc::new(signed)))
    }

    #[getter]
    fn raw(&self) -> &[u8] {
        self.0.raw()
    }

    #[getter]
    fn hash(&self) -> &[u8] {
        self.0.hash()
    }

    #[getter]
    fn signing_hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.signing_hash())
    }

    #[getter]
    fn sender<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        py.detach(|| self.0.sender()).map(|sender| PyBytes::new(py, &sender))
    }

    #[getter]
    fn nonce(&self) -> Number {
        Number(*self.0.nonce())
    }

    #[getter]
    fn gas_price(&self) -> Number {
        Number(*self.0.gas_price())
    }

    #[getter]
    fn gas(&self) -> Number {
        Number(*self.0.gas())
    }

    #[getter]
    fn block_limit(&self) -> Number {
        Number(*self.0.block_limit())
    }

    #[getter]
    fn to(&self) -> Option<&[u8]> {
        self.0.to().map(|to| &to[..])
    }

    #[getter]
    fn value(&self) -> Number {
        Number(*self.0.value())
    }

    #[getter]
    fn data(&self) -> &[u8] {
        self.0.data()
    }

    #[getter]
    fn chain_id(&self) -> Number {
        Number(*self.0.chain_id())
    }

    #[getter]
    fn group_id(&self) -> Number {
        Number(*self.0.group_id())
    }

    #[getter]
    fn extra_data(&self) -> &[u8] {
        self.0.extra_data()
    }

    fn json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.to_json()))
    }
}

#[pyclass(frozen, module = "hansa._kernel")]
pub struct TransactionList(pub Arc<hansa_codec::TransactionList>);

impl From<hansa_codec::TransactionList> for TransactionList {
    fn from(list: hansa_codec::TransactionList) -> Self {
        Self(Arc::new(list))
    }
}

#[pymethods]
impl TransactionList {
    #[staticmethod]
    #[pyo3(signature = (raws, *, suite = Suite::Standard))]
    fn decode(py: Python<'_>, raws: Vec<PyBackedBytes>, suite: Suite) -> PyResult<Self> {
        let decoded = py.detach(|| hansa_codec::TransactionList::decode(suite.get(), &raws));
        decoded.map(Self::from).map_err(invalid)
    }

    #[staticmethod]
    #[pyo3(signature = (blob, *, suite = Suite::Standard))]
    fn decode_blob(py: Python<'_>, blob: PyBackedBytes, suite: Suite) -> PyResult<Self> {
        let decoded = py.detach(|| hansa_codec::TransactionList::decode_blob(suite.get(), &blob));
        decoded.map(Self::from).map_err(invalid)
    }

    fn encode_blob<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let blob = py.detach(|| self.0.encode_blob()).map_err(invalid)?;
        Ok(PyBytes::new(py, &blob))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<Transaction> {
        let count = self.0.len();
        let position =
            if index < 0 { count.checked_sub(index.unsigned_abs()) } else { Some(index.unsigned_abs()) };
        let found = position.and_then(|position| self.0.get(position));
        found
            .map(|transaction| Transaction(Arc::clone(transaction)))
            .ok_or_else(|| out_of_range(index, count))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let objects: PyResult<Vec<_>> =
            self.0.iter().map(|transaction| Bound::new(py, Transaction(Arc::clone(transaction)))).collect();
        PyList::new(py, objects?)?.try_iter()
    }

    #[getter]
    fn hashes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list_of_bytes(py, self.0.hashes())
    }

    #[getter]
    fn byte_size(&self) -> usize {
        self.0.byte_size()
    }

    fn recover_senders(&self, py: Python<'_>) -> Vec<usize> {
        py.detach(|| self.0.recover_senders())
    }
}
