//! The executor: blocks and read-only calls on a world state that Python stores.

use std::sync::Arc;

use hansa_codec::Hash;
use hansa_executor::{
    BlockHashes, CallRequest, ExecutionError, GenesisRow, Settings, StateError, StateReader,
};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::blocks::{Block, Header};
use crate::contracts::PythonContract;
use crate::errors::invalid;
use crate::suite::Suite;
use crate::values::{list_of_bytes, Count, Fixed, Number};

/// What decoded rows may take in memory unless told, in bytes.
const CACHE_BYTES_DEFAULT: u64 = 64 << 20;

/// The formats and rules that are built (data model §11).
const VERSION_MIN: (u32, u32, u32) = (2, 9, 0);
const VERSION_MAX: (u32, u32, u32) = (2, 11, u32::MAX);

/// A state that cannot be read is the environment's fault; anything else is wrong input.
fn raised(error: ExecutionError) -> PyErr {
    match error {
        ExecutionError::State(error) => PyOSError::new_err(error.to_string()),
        error => invalid(error),
    }
}

/// Committed rows, asked from Python.
struct Reader(Py<PyAny>);

impl StateReader for Reader {
    fn read_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StateError> {
        let answers = Python::attach(|py| -> PyResult<Vec<Option<Vec<u8>>>> {
            let answers = self.0.call1(py, (list_of_bytes(py, keys)?,))?;
            let answers: Vec<Option<PyBackedBytes>> = answers.extract(py)?;
            Ok(answers.into_iter().map(|answer| answer.map(|bytes| bytes.to_vec())).collect())
        });
        let answers = answers.map_err(|error| StateError::Storage(error.to_string()))?;
        if answers.len() != keys.len() {
            let reason = format!("{} answers for {} keys", answers.len(), keys.len());
            return Err(StateError::Storage(reason));
        }
        Ok(answers)
    }
}

/// Hashes of committed blocks, asked from Python.
struct Hashes(Py<PyAny>);

impl BlockHashes for Hashes {
    fn hash_of(&self, number: u64) -> Result<Option<Hash>, StateError> {
        Python::attach(|py| -> PyResult<Option<Hash>> {
            let hash: Option<Fixed<32>> = self.0.call1(py, (number,))?.extract(py)?;
            Ok(hash.map(|hash| hash.0))
        })
        .map_err(|error| StateError::Storage(error.to_string()))
    }
}

#[pyclass(frozen, module = "hansa._kernel")]
pub struct CallResult(hansa_executor::CallResult);

#[pymethods]
impl CallResult {
    #[getter]
    fn status(&self) -> u32 {
        self.0.status.code()
    }

    #[getter]
    fn output(&self) -> &[u8] {
        &self.0.output
    }

    #[getter]
    fn gas_used(&self) -> Number {
        Number(self.0.gas_used)
    }
}

#[pyclass(frozen, module = "hansa._kernel")]
pub struct ExecutedBlock(hansa_executor::ExecutedBlock);

#[pymethods]
impl ExecutedBlock {
    #[getter]
    fn block(&self) -> Block {
        self.0.block().clone().into()
    }

    fn state_rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = self.0.changes().encoded();
        PyList::new(py, rows.iter().map(|(key, value)| (PyBytes::new(py, key), PyBytes::new(py, value))))
    }

    fn changed_tables(&self) -> &[String] {
        self.0.changes().tables()
    }
}

#[pyclass(frozen, module = "hansa._kernel")]
pub struct Executor(hansa_executor::Executor);

#[pymethods]
impl Executor {
    #[new]
    #[pyo3(signature = (
        *, read_many, read_block_hash, cache_bytes = Count(CACHE_BYTES_DEFAULT), free_storage = false,
        supported_version = (2, 9, 1), contracts = Vec::new(), parallel = true, suite = Suite::Standard
    ), text_signature = "(*, read_many, read_block_hash, cache_bytes=67108864, free_storage=False, supported_version=(2, 9, 1), contracts=(), parallel=True, suite=...)")]
    #[allow(clippy::too_many_arguments, reason = "a chain has that many settings; all go by name")]
    fn new(
        read_many: Py<PyAny>,
        read_block_hash: Py<PyAny>,
        cache_bytes: Count,
        free_storage: bool,
        supported_version: (u32, u32, u32),
        contracts: Vec<(Fixed<20>, Count, Py<PyAny>)>,
        parallel: bool,
        suite: Suite,
    ) -> PyResult<Self> {
        if !(VERSION_MIN..=VERSION_MAX).contains(&supported_version) {
            let (major, minor, patch) = supported_version;
            return Err(invalid(format!(
                "supported_version {major}.{minor}.{patch} is not built: 2.9.0 to 2.11.x are"
            )));
        }
        let (suite, cache_bytes) = (suite.get(), cache_bytes.as_usize());
        let settings = Settings { suite, cache_bytes, free_storage, parallel };
        let (reader, hashes) = (Box::new(Reader(read_many)), Box::new(Hashes(read_block_hash)));
        let mut executor = hansa_executor::Executor::new(reader, hashes, settings);
        for (address, first_block, contract) in contracts {
            executor.install(address.0, first_block.0, Box::new(PythonContract(contract)));
        }
        Ok(Self(executor))
    }

    fn genesis(&self, py: Python<'_>, header: &Header, rows: Vec<GenesisRow>) -> PyResult<ExecutedBlock> {
        if header.suite != self.0.suite() {
            return Err(raised(ExecutionError::OtherSuite));
        }
        let header = hansa_codec::Header::clone(&header.fields);
        py.detach(|| self.0.genesis(header, &rows)).map(ExecutedBlock).map_err(raised)
    }

    fn execute(&self, py: Python<'_>, block: &Block) -> PyResult<ExecutedBlock> {
        let block = Arc::clone(&block.0);
        py.detach(|| self.0.execute(&block)).map(ExecutedBlock).map_err(raised)
    }

    fn apply(&self, py: Python<'_>, executed: &ExecutedBlock) {
        py.detach(|| self.0.apply(&executed.0));
    }

    #[pyo3(signature = (*, sender, to, data, value, height, timestamp))]
    #[allow(clippy::too_many_arguments, reason = "a call has that many parts; all go by name")]
    fn call(
        &self,
        py: Python<'_>,
        sender: Fixed<20>,
        to: Fixed<20>,
        data: PyBackedBytes,
        value: Number,
        height: Count,
        timestamp: Count,
    ) -> PyResult<CallResult> {
        let request = CallRequest {
            sender: sender.0,
            to: to.0,
            data: data.to_vec().into(),
            value: value.0,
            height: height.0,
            timestamp: timestamp.0,
        };
        py.detach(|| self.0.call(request)).map(CallResult).map_err(raised)
    }

    fn select<'py>(&self, py: Python<'py>, table: &str, key: &str) -> PyResult<Bound<'py, PyList>> {
        let rows = py.detach(|| self.0.select(table, key.as_bytes())).map_err(raised)?;
        let list = PyList::empty(py);
        for row in rows {
            let fields = PyDict::new(py);
            for (field, value) in row {
                fields.set_item(field, PyBytes::new(py, &value))?;
            }
            list.append(fields)?;
        }
        Ok(list)
    }

    fn code<'py>(&self, py: Python<'py>, address: Fixed<20>) -> PyResult<Bound<'py, PyBytes>> {
        let code = py.detach(|| self.0.code(&address.0)).map_err(raised)?;
        Ok(PyBytes::new(py, &code))
    }
}
