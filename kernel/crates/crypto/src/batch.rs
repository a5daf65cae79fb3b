//! Many signatures at once, on all cores.

use rayon::prelude::*;

use crate::{Hash, PublicKey, Suite};

impl Suite {
    /// [`Suite::recover`] for each pair; `None` where the signature is not valid.
    #[must_use]
    pub fn recover_batch(self, items: &[(Hash, &[u8])]) -> Vec<Option<PublicKey>> {
        items.par_iter().map(|(digest, signature)| self.recover(digest, signature)).collect()
    }

    /// [`Suite::verify`] for each.
    #[must_use]
    pub fn verify_batch(self, items: &[(PublicKey, Hash, &[u8])]) -> Vec<bool> {
        items.par_iter().map(|(key, digest, signature)| self.verify(key, digest, signature)).collect()
    }
}
