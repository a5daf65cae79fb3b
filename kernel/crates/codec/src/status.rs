//! Receipt statuses, which are also the pool's codes (data model §4.2).

macro_rules! statuses {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        /// Why a transaction failed; `None` is success.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "the names are the protocol's")]
        pub enum Status {
            $($name = $code,)*
        }

        /// The `statusMsg` of a code.
        #[must_use]
        pub fn status_text(code: u32) -> &'static str {
            match code {
                $($code => $text,)*
                _ => "Unknown",
            }
        }
    };
}

statuses! {
    None = 0, "None";
    Unknown = 1, "Unknown";
    BadRlp = 2, "BadRLP";
    InvalidFormat = 3, "InvalidFormat";
    OutOfGasIntrinsic = 4, "OutOfGasIntrinsic";
    InvalidSignature = 5, "InvalidSignature";
    InvalidNonce = 6, "InvalidNonce";
    NotEnoughCash = 7, "NotEnoughCash";
    OutOfGasBase = 8, "OutOfGasBase";
    BlockGasLimitReached = 9, "BlockGasLimitReached";
    BadInstruction = 10, "BadInstruction";
    BadJumpDestination = 11, "BadJumpDestination";
    OutOfGas = 12, "OutOfGas";
    OutOfStack = 13, "OutOfStack";
    StackUnderflow = 14, "StackUnderflow";
    NonceCheckFail = 15, "NonceCheckFail";
    BlockLimitCheckFail = 16, "BlockLimitCheckFail";
    FilterCheckFail = 17, "FilterCheckFail";
    NoDeployPermission = 18, "NoDeployPermission";
    NoCallPermission = 19, "NoCallPermission";
    NoTxPermission = 20, "NoTxPermission";
    PrecompiledError = 21, "PrecompiledError";
    RevertInstruction = 22, "RevertInstruction";
    InvalidZeroSignatureFormat = 23, "InvalidZeroSignatureFormat";
    AddressAlreadyUsed = 24, "AddressAlreadyUsed";
    PermissionDenied = 25, "PermissionDenied";
    CallAddressError = 26, "CallAddressError";
    GasOverflow = 27, "GasOverflow";
    TxPoolIsFull = 28, "TxPoolIsFull";
    TransactionRefused = 29, "TransactionRefused";
    ContractFrozen = 30, "ContractFrozen";
    AccountFrozen = 31, "AccountFrozen";
    NotEnoughRemainGas = 32, "NotEnoughRemainGas";
    // The text is what clients of this chain have always been told.
    AlreadyKnown = 10000, "StackUnderflow";
    AlreadyInChain = 10001, "AlreadyInChain";
    InvalidChainId = 10002, "InvalidChainId";
    InvalidGroupId = 10003, "InvalidGroupId";
    RequestNotBelongToTheGroup = 10004, "RequestNotBelongToTheGroup";
    MalformedTx = 10005, "MalformedTx";
    OverGroupMemoryLimit = 10006, "OverGroupMemoryLimit";
}

impl Status {
    /// The number in receipts and pushes.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The `statusMsg`.
    #[must_use]
    pub fn text(self) -> &'static str {
        status_text(self.code())
    }
}
