//! The suites by name.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::values::Fixed;

/// Hashing less than this takes no longer than giving up the interpreter lock and getting it back.
const DETACH_SIZE_MIN: usize = 4096;

/// The work of `hash` on `data`, without the interpreter lock if that is worth it.
pub fn hashed<'py>(
    py: Python<'py>,
    data: &[u8],
    hash: impl Fn(&[u8]) -> hansa_codec::Hash + Sync + Send,
) -> Bound<'py, PyBytes> {
    let hash = if data.len() < DETACH_SIZE_MIN { hash(data) } else { py.detach(|| hash(data)) };
    PyBytes::new(py, &hash)
}

#[pyclass(frozen, eq, hash, module = "hansa._kernel", from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    #[pyo3(name = "STANDARD")]
    Standard,
    #[pyo3(name = "SM")]
    Sm,
}

impl Suite {
    /// The same in the crates' words.
    pub fn get(self) -> hansa_crypto::Suite {
        match self {
            Self::Standard => hansa_crypto::Suite::Standard,
            Self::Sm => hansa_crypto::Suite::Sm,
        }
    }
}

impl From<hansa_crypto::Suite> for Suite {
    fn from(suite: hansa_crypto::Suite) -> Self {
        match suite {
            hansa_crypto::Suite::Standard => Self::Standard,
            hansa_crypto::Suite::Sm => Self::Sm,
        }
    }
}

#[pymethods]
impl Suite {
    #[getter]
    fn signature_size(&self) -> usize {
        self.get().signature_size()
    }

    fn hash<'py>(&self, py: Python<'py>, data: PyBackedBytes) -> Bound<'py, PyBytes> {
        let suite = self.get();
        hashed(py, &data, |data| suite.hash(data))
    }

    fn address<'py>(&self, py: Python<'py>, public_key: Fixed<64>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.get().address(&public_key.0))
    }
}
