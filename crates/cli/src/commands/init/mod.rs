//! `init`: a configuration from the answers to a few questions. Each answer is tried out where that is possible; the file is
//! written at the end, with comments, and never over one that is there.

mod ask;
mod file;

use std::fmt;
use std::path::PathBuf;

use mqtt_twister_bridge::check::{self, CheckError};
use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, BrokerConfig, BrokerUrl};
use mqtt_twister_bridge::event::ProblemCode;
use mqtt_twister_bridge::node::Node;
use mqtt_twister_bridge::secrets::{self, Password, SecretKind};
use serde::Serialize;
use twister::{NodeUrl, Username};

use self::ask::Answers;
use self::file::Settings;
use super::account;
use crate::args::InitArgs;
use crate::error::CliError;
use crate::output::Output;

const NODE: &str = "http://127.0.0.1:28332";
const BROKER: &str = "mqtt://127.0.0.1:1883";

/// What was done.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    /// The configuration is there.
    Written { path: PathBuf },
    /// A password is in the keyring.
    Kept { variable: String },
    /// There is no keyring to keep a password: it has to be handed over at each start.
    NotKept { variable: String, reason: String },
}

pub(crate) async fn run(args: InitArgs, output: &Output) -> Result<(), CliError> {
    if args.config.exists() {
        return Err(CliError::ConfigExists { path: args.config });
    }
    let mut answers = Answers::new(output.is_json());
    answers.say(
        "This asks for a Twister node, an account, an MQTT broker, and what crosses between them. What stands in \
                 brackets is taken when you only press Enter.\n",
    );
    let name: BridgeName = answers.until_valid("What is the bridge to be called?", Some("home"))?;
    let (url, user, node_password, accounts) = node(&mut answers).await?;
    let account = account(&mut answers, output, &url, &user, &node_password, &accounts).await?;
    let (broker, broker_password) = broker(&mut answers).await?;
    let settings = rules(&mut answers, name, (url, user, account), broker)?;
    let config = file::write(&args.config, &settings)?;
    output.line(&Line::Written { path: args.config.clone() });
    for (kind, password) in [(SecretKind::Node, node_password), (SecretKind::Broker, broker_password)] {
        if !password.is_empty() {
            output.line(&keep(&config, kind, password).await);
        }
    }
    let path = args.config.display();
    answers.say(&format!(
        "Next:\n  mqtt-twister-cli doctor {path}    says what is still in the way\n  mqtt-twister-cli run {path}       starts the \
         bridge"
    ));
    Ok(())
}

/// Where the node is, who asks it, and the accounts in its wallet.
async fn node(answers: &mut Answers) -> Result<(NodeUrl, String, Password, Vec<check::Account>), CliError> {
    loop {
        let url: NodeUrl = answers.until_valid("Where does the Twister node (twisterd) answer?", Some(NODE))?;
        let user = answers.text("Its user (rpcuser in twister.conf)?", Some("user"))?;
        let password = answers.password("Its password (rpcpassword)?")?;
        match check::check_node(&url, &user, &password).await {
            Ok(report) => {
                answers.say(&format!(
                    "  twisterd {} answers, at block {} with {} connections.",
                    report.version, report.blocks, report.connections
                ));
                return Ok((url, user, password, report.accounts));
            }
            Err(error) => {
                if is_kept(answers, &error)? {
                    return Ok((url, user, password, Vec::new()));
                }
            }
        }
    }
}

/// An account of the wallet, or a new one, which is registered.
async fn account(
    answers: &mut Answers,
    output: &Output,
    url: &NodeUrl,
    user: &str,
    password: &Password,
    known: &[check::Account],
) -> Result<Username, CliError> {
    for account in known {
        let is = if account.registered { "registered" } else { "not registered yet" };
        answers.say(&format!("  {:<16}  {is}", account.name));
    }
    let first = known.iter().find(|account| account.registered).map(|account| account.name.as_str());
    loop {
        let name: Username = answers.until_valid("Which account posts? A new name is registered", first)?;
        if known.iter().any(|account| account.name == name.as_str()) {
            return Ok(name);
        }
        let question = format!("{name} is not in the node's wallet. Register it now?");
        if !answers.yes(&question, false)? {
            if answers.yes(&format!("Take {name} all the same?"), false)? {
                return Ok(name);
            }
            continue;
        }
        let registered = async { Node::new(url, user, password)?.register(&name).await };
        match registered.await {
            Ok(made) => {
                output
                    .line(&account::Line::Created { account: name.clone(), secret_key: made.key.reveal().to_owned() });
                return Ok(name);
            }
            Err(error) => {
                if is_kept(answers, &error)? {
                    return Ok(name);
                }
            }
        }
    }
}

async fn broker(answers: &mut Answers) -> Result<(BrokerConfig, Password), CliError> {
    loop {
        let url: BrokerUrl = answers.until_valid("Where is the MQTT broker?", Some(BROKER))?;
        let mut broker = BrokerConfig::new(url);
        broker.user = answers.text("Its user name, if it wants one?", None)?;
        let password = match broker.user.is_empty() {
            true => Password::default(),
            false => answers.password("Its password?")?,
        };
        match check::check_broker(&broker, &password).await {
            Ok(_) => {
                answers.say("  The broker lets the bridge in.");
                return Ok((broker, password));
            }
            Err(error) => {
                if error.code == ProblemCode::BrokerCertificate {
                    answers.say("  A certificate of your own authority is named in the file, as ca_file.");
                }
                if is_kept(answers, &error)? {
                    return Ok((broker, password));
                }
            }
        }
    }
}

/// What crosses.
fn rules(
    answers: &mut Answers,
    name: BridgeName,
    twister: (NodeUrl, String, Username),
    broker: BrokerConfig,
) -> Result<Settings, CliError> {
    let public = answers.list("Topics that everybody may read, as sensors/#, with commas between them?")?;
    let private = answers.list("Topics for certain people only, encrypted?")?;
    let to = match private.is_empty() {
        true => Vec::new(),
        false => answers.some("For whom? Their accounts")?,
    };
    let following = answers.list("Whose messages may come in? Their accounts")?;
    let wanted = match following.is_empty() {
        true => Vec::new(),
        false => answers.list("Which topics of theirs do you want?")?,
    };
    let (url, user, account) = twister;
    Ok(Settings { name, url, user, account, broker, public, private, to, following, wanted })
}

/// Tells what does not work, and asks whether the answer stays all the same.
fn is_kept(answers: &mut Answers, error: &CheckError) -> Result<bool, CliError> {
    answers.say(&format!("  {}", error.message));
    answers.yes("Keep this all the same?", false)
}

/// Puts a password into the keyring, which may wait for a person to unlock it.
async fn keep(config: &BridgeConfig, kind: SecretKind, password: Password) -> Line {
    let name = config.name.clone();
    let variable = kind.variable(&name);
    let kept = tokio::task::spawn_blocking(move || secrets::save(&name, kind, &password)).await;
    match kept {
        Ok(Ok(())) => Line::Kept { variable },
        Ok(Err(error)) => Line::NotKept { variable, reason: error.to_string() },
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written { path } => write!(f, "{} is written.", path.display()),
            Self::Kept { variable } => write!(f, "The password {variable} is in the keyring."),
            Self::NotKept { variable, reason } => write!(
                f,
                "The password {variable} was not kept: {reason}; or hand it over at each start: --secrets-fd reads a line \
                 {variable}=..., and a systemd service has credentials (docs/server-guide.md)."
            ),
        }
    }
}
