//! `account`: the accounts in a node's wallet. A secret key is shown once, when its account is made, and comes in by standard
//! input; it is on no command line and in no file of the program.

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use mqtt_twister_bridge::check;
use mqtt_twister_bridge::node::{Node, Registration, RegistrationStep};
use mqtt_twister_bridge::queue::Span;
use mqtt_twister_bridge::secrets::{Password, Secrets};
use serde::Serialize;
use twister::Username;

use crate::args::{AccountArgs, AccountCommand, AtNode, ImportAccount, OneAccount};
use crate::config;
use crate::error::CliError;
use crate::output::Output;
use crate::secrets;

/// Time between two looks at a registration that is waited for.
const PERIOD: Duration = Duration::from_secs(2);

/// Most bytes that are read of a key.
const LONGEST_KEY: u64 = 1024;

/// One line of an answer.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line {
    /// An account in the wallet.
    Account { name: String, registered: bool },
    /// The wallet has no account.
    None,
    /// A new account. To show its key is what this is for.
    Created { account: Username, secret_key: String },
    /// How far a registration is.
    Registration {
        account: Username,
        #[serde(flatten)]
        registration: Registration,
    },
    /// The key is in the wallet.
    Imported { account: Username },
}

/// A node, and whose bridge's it is.
struct Place {
    node: Node,
    user: String,
    secrets: Secrets,
}

pub(crate) async fn run(args: AccountArgs, output: &Output) -> Result<(), CliError> {
    match args.command {
        AccountCommand::List(at) => list(&Place::of(at).await?, output).await,
        AccountCommand::Create(args) => create(args, output).await,
        AccountCommand::Register(args) => register(args, output).await,
        AccountCommand::Import(args) => import(args, output).await,
    }
}

impl Place {
    async fn of(at: AtNode) -> Result<Self, CliError> {
        let sources = secrets::sources(at.secrets)?;
        let bridge = config::bridge(&at.config, at.bridge.as_ref())?;
        let config = bridge.config.clone();
        let secrets = secrets::load(bridge, sources).await.map_err(CliError::Secrets)?;
        let node = Node::new(&config.twister.url, &config.twister.user, &secrets.node)?;
        Ok(Self { node, user: config.twister.user, secrets })
    }
}

async fn list(place: &Place, output: &Output) -> Result<(), CliError> {
    let report = check::check_node(place.node.url(), &place.user, &place.secrets.node).await?;
    if report.accounts.is_empty() {
        output.line(&Line::None);
    }
    for account in report.accounts {
        output.line(&Line::Account { name: account.name, registered: account.registered });
    }
    Ok(())
}

async fn create(OneAccount { node, account, wait }: OneAccount, output: &Output) -> Result<(), CliError> {
    let place = Place::of(node).await?;
    if place.node.has_key(&account).await? {
        return Err(CliError::AccountExists { account: account.to_string() });
    }
    let made = place.node.register(&account).await?;
    output.line(&Line::Created { account: account.clone(), secret_key: made.key.reveal().to_owned() });
    tell_registration(&place.node, account, made.transaction.as_deref(), wait, output).await
}

async fn register(OneAccount { node, account, wait }: OneAccount, output: &Output) -> Result<(), CliError> {
    let place = Place::of(node).await?;
    if !place.node.has_key(&account).await? {
        return Err(CliError::NotInWallet { account: account.to_string() });
    }
    let made = place.node.register(&account).await?;
    tell_registration(&place.node, account, made.transaction.as_deref(), wait, output).await
}

async fn import(ImportAccount { node, account, key_fd }: ImportAccount, output: &Output) -> Result<(), CliError> {
    let key = read_key(key_fd).map_err(|source| CliError::Key { number: key_fd, source })?;
    Place::of(node).await?.node.import_key(&account, &key).await?;
    output.line(&Line::Imported { account });
    Ok(())
}

fn read_key(number: u32) -> io::Result<Password> {
    let mut text = String::new();
    match number {
        0 => io::stdin().lock().take(LONGEST_KEY).read_to_string(&mut text)?,
        _ => secrets::descriptor(number)?.take(LONGEST_KEY).read_to_string(&mut text)?,
    };
    Ok(Password::new(text))
}

/// Says how far a registration is; if it is waited for, again and again until it is in the chain.
async fn tell_registration(
    node: &Node,
    account: Username,
    transaction: Option<&str>,
    wait: bool,
    output: &Output,
) -> Result<(), CliError> {
    let mut told = None;
    loop {
        let registration = node.registration(&account, transaction).await?;
        if told != Some((registration.step, registration.height)) {
            output.line(&Line::Registration { account: account.clone(), registration });
            told = Some((registration.step, registration.height));
        }
        if !wait || matches!(registration.step, RegistrationStep::Confirmed { .. }) {
            return Ok(());
        }
        tokio::time::sleep(PERIOD).await;
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { name, registered: true } => write!(f, "{name:<16}  registered"),
            Self::Account { name, registered: false } => write!(f, "{name:<16}  not registered: it cannot post yet"),
            Self::None => f.write_str("the node's wallet has no account: `account create` makes one"),
            Self::Created { account, secret_key } => write!(
                f,
                "The secret key of {account}, shown this once:\n\n  {secret_key}\n\nKeep it where nobody else finds it. Whoever \
                 has it owns the name; if the node's wallet is lost, there is no other way back to it.\n"
            ),
            Self::Registration { account, registration } => match registration.step {
                RegistrationStep::Confirmed { height, .. } => {
                    write!(f, "{account} is registered, since block {height}: it can post")
                }
                RegistrationStep::Pending if registration.connections == 0 => write!(
                    f,
                    "the registration of {account} waits, and the node has no connection to others: unless it makes blocks \
                     itself, nobody will register it"
                ),
                RegistrationStep::Pending => write!(
                    f,
                    "the registration of {account} is under way. It takes effect with the next block, in about {}",
                    Span(registration.block_interval_s.saturating_mul(1000))
                ),
                RegistrationStep::NotSent => {
                    write!(f, "no registration of {account} is under way: send it with `account register`")
                }
                RegistrationStep::NotInWallet => write!(f, "the node's wallet has no key for {account}"),
            },
            Self::Imported { account } => write!(f, "the node has the key of {account}"),
        }
    }
}
