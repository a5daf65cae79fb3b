//! Small values on their way between the two languages.

use hansa_codec::U256;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList};

use crate::errors::invalid;

/// `bytes` of exactly `N`.
pub struct Fixed<const N: usize>(pub [u8; N]);

impl<const N: usize> FromPyObject<'_, '_> for Fixed<N> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let object = object.cast::<PyBytes>()?;
        let bytes = object.as_bytes();
        let fixed =
            bytes.try_into().map_err(|_| invalid(format!("{N} bytes expected, not {}", bytes.len())))?;
        Ok(Self(fixed))
    }
}

/// An `int` that counts something: at most 64 bits, not negative.
#[derive(Clone, Copy)]
pub struct Count(pub u64);

impl Count {
    /// As a position or size in memory, where more than fits is as good as beyond the end.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromPyObject<'_, '_> for Count {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let number = object.cast::<PyInt>()?;
        number.extract().map(Self).map_err(|_| invalid("an integer between 0 and 2^64 - 1 expected"))
    }
}

/// An `int` of at most 256 bits, not negative.
pub struct Number(pub U256);

impl FromPyObject<'_, '_> for Number {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let number = object.cast::<PyInt>()?;
        if let Ok(small) = number.extract::<u64>() {
            return Ok(Self(U256::from(small)));
        }
        let py = object.py();
        let bytes = number
            .call_method1(intern!(py, "to_bytes"), (32, intern!(py, "big")))
            .map_err(|_| invalid("an integer between 0 and 2^256 - 1 expected"))?;
        let Fixed(bytes) = bytes.extract::<Fixed<32>>()?;
        Ok(Self(U256(bytes)))
    }
}

impl<'py> IntoPyObject<'py> for Number {
    type Target = PyInt;
    type Output = Bound<'py, PyInt>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        if let Some(small) = self.0.to_u64() {
            return Ok(small.into_pyobject(py)?);
        }
        let bytes = PyBytes::new(py, self.0.significant_bytes());
        let number =
            py.get_type::<PyInt>().call_method1(intern!(py, "from_bytes"), (bytes, intern!(py, "big")))?;
        Ok(number.cast_into()?)
    }
}

/// A list of `bytes`.
pub fn list_of_bytes<'py, Part: AsRef<[u8]>>(
    py: Python<'py>,
    parts: impl IntoIterator<Item = Part, IntoIter: ExactSizeIterator>,
) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, parts.into_iter().map(|part| PyBytes::new(py, part.as_ref())))
}
