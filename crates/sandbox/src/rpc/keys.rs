//! Calls about private keys: taking them out, putting them in, and signing with them.
//!
//! Source: twister-core's `rpcdump.cpp` and `rpcwallet.cpp`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secp256k1::PublicKey;

use crate::json::Json;
use crate::keys::{self, Key};
use crate::rpc::error::RpcError;
use crate::rpc::{Answer, Call, Method};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "dumpprivkey",
        counts: 1..=1,
        help: "dumpprivkey <username>\nReveals the private key corresponding to <username>.",
        run: dump,
    },
    Method {
        name: "importprivkey",
        counts: 2..=3,
        help: "importprivkey <bitcoinprivkey> <username> [rescan=true]\n\
            Adds a private key (as returned by dumpprivkey) to your wallet.",
        run: import,
    },
    Method {
        name: "signmessage",
        counts: 2..=2,
        help: "signmessage <username> <message>\nSign a message with the private key of an address",
        run: sign,
    },
    Method {
        name: "verifymessage",
        counts: 3..=3,
        help: "verifymessage <username> <signature> <message>\nVerify a signed message",
        run: verify,
    },
];

fn dump(call: &mut Call<'_>) -> Answer {
    let name = call.params.at(0).text()?;
    let key = call.state().wallet.key(&name).map(Key::to_backup_text);
    let key = key.ok_or_else(|| RpcError::new(RpcError::UNKNOWN_KEY, "Username not found"))?;
    Ok(Json::text(key).into())
}

/// The node neither compares the key with the name's in the chain, nor minds that it has the key under another name.
fn import(call: &mut Call<'_>) -> Answer {
    let (secret, name) = (call.params.at(0).text()?, call.params.at(1).text()?);
    call.params.optional(2).map_or(Ok(true), |param| param.bool())?;
    let key = Key::from_backup_text(&secret);
    let key = key.ok_or_else(|| RpcError::new(RpcError::UNKNOWN_KEY, "Invalid private key"))?;
    if !call.state().wallet.has_key(key.public()) {
        call.state().wallet.insert(name, key);
        call.world.is_changed = true;
    }
    Ok(Json::Null.into())
}

fn sign(call: &mut Call<'_>) -> Answer {
    let (name, message) = (call.params.at(0).text()?, call.params.at(1).text()?);
    let signature = call.state().wallet.key(&name).map(|key| key.sign(message.as_bytes()));
    let signature = signature.ok_or_else(|| RpcError::new(RpcError::ACCOUNT_NAME, "Error: no such user in wallet"))?;
    Ok(Json::text(STANDARD.encode(signature)).into())
}

fn verify(call: &mut Call<'_>) -> Answer {
    let name = call.params.at(0).text()?;
    let (signature, message) = (call.params.at(1).text()?, call.params.at(2).text()?);
    let public = public_key(call, &name)
        .ok_or_else(|| RpcError::new(RpcError::ACCOUNT_NAME, "Error: this username does not exist in tx database"))?;
    let signature = STANDARD.decode(signature);
    let signature = signature.map_err(|_| RpcError::new(RpcError::UNKNOWN_KEY, "Malformed base64 encoding"))?;
    Ok(Json::Bool(keys::verify(message.as_bytes(), &signature, &public)).into())
}

/// The wallet's key goes before the chain's.
fn public_key(call: &mut Call<'_>, name: &str) -> Option<PublicKey> {
    let own = call.state().wallet.key(name).map(|key| *key.public());
    own.or_else(|| call.world.chain.account(name).map(|account| account.registration.public))
}
