//! The transaction pool.

use std::collections::HashSet;

use hansa_pool::{Pool, Rules};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList};

use crate::blocks::Block;
use crate::errors::invalid;
use crate::suite::Suite;
use crate::transactions::TransactionList;
use crate::values::{list_of_bytes, Count, Fixed};

#[pyclass(frozen, module = "hansa._kernel")]
pub struct TransactionPool(Pool);

#[pymethods]
impl TransactionPool {
    #[new]
    #[pyo3(signature = (*, chain_id, group_id, count_limit, byte_limit, suite = Suite::Standard))]
    fn new(chain_id: Count, group_id: Count, count_limit: Count, byte_limit: Count, suite: Suite) -> Self {
        Self(Pool::new(Rules {
            suite: suite.get(),
            chain_id: chain_id.0.into(),
            group_id: group_id.0.into(),
            count_limit: count_limit.as_usize(),
            byte_limit: byte_limit.as_usize(),
        }))
    }

    fn reset_head(&self, py: Python<'_>, height: Count, nonces: Vec<(Count, PyBackedBytes)>) -> PyResult<()> {
        py.detach(|| {
            let blocks: Vec<_> = nonces.iter().map(|(height, list)| (height.0, list)).collect();
            self.0.reset_head(height.0, &blocks)
        })
        .map_err(invalid)
    }

    #[pyo3(signature = (raws, now_ms, *, from_client))]
    fn submit<'py>(
        &self,
        py: Python<'py>,
        raws: Vec<PyBackedBytes>,
        now_ms: Count,
        from_client: bool,
    ) -> Vec<(u32, Bound<'py, PyBytes>)> {
        let answers = py.detach(|| self.0.submit(&raws, now_ms.0, from_client));
        let answer =
            |hash: Option<hansa_codec::Hash>| PyBytes::new(py, hash.as_ref().map_or(&[], |hash| &hash[..]));
        answers.into_iter().map(|(status, hash)| (status.code(), answer(hash))).collect()
    }

    #[pyo3(signature = (transactions, now_ms, *, from_client))]
    fn submit_list(
        &self,
        py: Python<'_>,
        transactions: &TransactionList,
        now_ms: Count,
        from_client: bool,
    ) -> Vec<u32> {
        let statuses = py.detach(|| self.0.submit_decoded(transactions.0.as_slice(), now_ms.0, from_client));
        statuses.into_iter().map(|status| status.code()).collect()
    }

    #[pyo3(signature = (count_limit, excluded = Vec::new()), text_signature = "($self, count_limit, excluded=())")]
    fn seal(&self, py: Python<'_>, count_limit: Count, excluded: Vec<Fixed<32>>) -> TransactionList {
        py.detach(|| {
            let excluded: HashSet<_> = excluded.into_iter().map(|hash| hash.0).collect();
            self.0.seal(count_limit.as_usize(), &excluded).into()
        })
    }

    fn lookup(&self, py: Python<'_>, hashes: Vec<Fixed<32>>) -> (TransactionList, Vec<usize>) {
        let (found, missing) = py.detach(|| self.0.lookup(&unwrap_all(hashes)));
        (found.into(), missing)
    }

    fn first_unfit(&self, py: Python<'_>, transactions: &TransactionList) -> Option<usize> {
        py.detach(|| self.0.first_unfit(transactions.0.as_slice()))
    }

    fn contains(&self, py: Python<'_>, hashes: Vec<Fixed<32>>) -> Vec<bool> {
        py.detach(|| self.0.contains(&unwrap_all(hashes)))
    }

    fn commit(&self, py: Python<'_>, block: &Block) {
        py.detach(|| self.0.commit(&block.0));
    }

    fn evict_expired<'py>(
        &self,
        py: Python<'py>,
        now_ms: Count,
        age_ms_max: Count,
        count_max: Count,
    ) -> PyResult<Bound<'py, PyList>> {
        list_of_bytes(py, py.detach(|| self.0.evict_expired(now_ms.0, age_ms_max.0, count_max.as_usize())))
    }

    fn take_unsent(&self, py: Python<'_>, count_max: Count) -> TransactionList {
        py.detach(|| self.0.take_unsent(count_max.as_usize())).into()
    }

    fn take_unannounced<'py>(
        &self,
        py: Python<'py>,
        now_ms: Count,
        age_ms_min: Count,
        count_max: Count,
    ) -> PyResult<Bound<'py, PyList>> {
        list_of_bytes(py, py.detach(|| self.0.take_unannounced(now_ms.0, age_ms_min.0, count_max.as_usize())))
    }

    fn all(&self, py: Python<'_>) -> TransactionList {
        py.detach(|| self.0.all()).into()
    }

    fn clear(&self, py: Python<'_>) {
        py.detach(|| self.0.clear());
    }

    #[getter]
    fn byte_size(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.byte_size())
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.len())
    }
}

fn unwrap_all<const N: usize>(values: Vec<Fixed<N>>) -> Vec<[u8; N]> {
    values.into_iter().map(|value| value.0).collect()
}
