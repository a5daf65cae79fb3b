//! Many signatures at once, on all cores.

use rayon::prelude::*;

use crate::{Hash, PublicKey, SUITE};

/// [`Suite::recover`](crate::Suite::recover) for each pair; `None` where the signature is not valid.
#[must_use]
pub fn recover_batch(items: &[(Hash, &[u8])]) -> Vec<Option<PublicKey>> {
    items.par_iter().map(|(digest, signature)| SUITE.recover(digest, signature)).collect()
}

/// For each entry: does the signature over the digest recover this key?
#[must_use]
pub fn verify_batch(items: &[(PublicKey, Hash, &[u8])]) -> Vec<bool> {
    items
        .par_iter()
        .map(|(key, digest, signature)| SUITE.recover(digest, signature).as_ref() == Some(key))
        .collect()
}
