//! The kernel's errors as Python exceptions: what is not what it should be is a `ValueError` with the reason.

use std::fmt::Display;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::PyErr;

/// Wrong input, in the words of the error.
pub fn invalid(error: impl Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A position beyond the end.
pub fn out_of_range(index: impl Display, count: usize) -> PyErr {
    PyIndexError::new_err(format!("index {index} is out of range: there are {count}"))
}
