//! Where passwords come from, for the commands that need them.

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct SecretArgs {
    /// Read passwords from this open file descriptor (0 is standard input), as lines of NAME=VALUE with the names of the
    /// environment variables
    #[arg(long, value_name = "N")]
    pub(crate) secrets_fd: Option<u32>,
}
