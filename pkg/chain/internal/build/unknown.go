package build

// UnknownSender stands among the senders of a transfer for those that exist and cannot be told from the block.
const UnknownSender = "unknown"
