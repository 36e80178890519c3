//! Calls about the chain: heights, blocks, waiting and made registrations, and making blocks.

use crate::chain::{self, Block, PROMOTED_MESSAGE, PROMOTED_USER, Registration, hash_text};
use crate::json::Json;
use crate::rpc::error::RpcError;
use crate::rpc::{Answer, Call, Method};

/// The difficulty of the easiest block.
pub(crate) const DIFFICULTY: f64 = 4.656_542_373_906_925e-10;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getblockcount",
        counts: 0..=0,
        help: "getblockcount\nReturns the number of blocks in the longest block chain.",
        run: |call| Ok(Json::Integer(call.height().into()).into()),
    },
    Method {
        name: "getbestblockhash",
        counts: 0..=0,
        help: "getbestblockhash\nReturns the hash of the best (tip) block in the longest block chain.",
        run: |call| Ok(hash_at(call, call.height()).into()),
    },
    Method {
        name: "getblockhash",
        counts: 1..=1,
        help: "getblockhash <index>\nReturns hash of block in best-block-chain at <index>.",
        run: block_hash,
    },
    Method {
        name: "getblock",
        counts: 1..=2,
        help: "getblock <hash> [verbose=true]\n\
            If verbose is false, returns a string that is serialized, hex-encoded data for block <hash>.\n\
            If verbose is true, returns an Object with information about block <hash>.",
        run: block,
    },
    Method {
        name: "getdifficulty",
        counts: 0..=0,
        help: "getdifficulty\nReturns the proof-of-work difficulty as a multiple of the minimum difficulty.",
        run: |_| Ok(Json::Real(DIFFICULTY).into()),
    },
    Method {
        name: "getrawmempool",
        counts: 0..=0,
        help: "getrawmempool\nReturns all transaction ids in memory pool.",
        run: |call| Ok(Json::texts(call.world.chain.waiting().iter().map(|waiting| hash_text(&waiting.id()))).into()),
    },
    Method {
        name: "getrawtransaction",
        counts: 1..=2,
        help: "getrawtransaction <username> [verbose=0]\n\
            If verbose=0, returns a string that is\n\
            serialized, hex-encoded data for <txid>.\n\
            If verbose is non-zero, returns an Object\n\
            with information about transaction.",
        run: raw_transaction,
    },
    Method {
        name: "getgenerate",
        counts: 0..=0,
        help: "getgenerate\nReturns true or false.",
        run: |call| Ok(Json::Bool(call.state().mining.is_on).into()),
    },
    Method {
        name: "setgenerate",
        counts: 1..=2,
        help: "setgenerate <generate> [genproclimit]\n\
            <generate> is true or false to turn generation on or off.\n\
            Generation is limited to [genproclimit] processors, -1 is unlimited.",
        run: set_generate,
    },
    Method {
        name: "gethashespersec",
        counts: 0..=0,
        help: "gethashespersec\nReturns a recent hashes per second performance measurement while generating.",
        run: |_| Ok(Json::Integer(0).into()),
    },
];

fn hash_at(call: &Call<'_>, height: u32) -> Json {
    call.world.chain.block(height).map_or(Json::Null, |block| Json::text(hash_text(&block.hash())))
}

fn block_hash(call: &mut Call<'_>) -> Answer {
    let height = u32::try_from(call.params.at(0).int()?).ok().filter(|height| *height <= call.height());
    let height = height.ok_or_else(|| RpcError::new(RpcError::MISC, "Block number out of range."))?;
    Ok(hash_at(call, height).into())
}

fn block(call: &mut Call<'_>) -> Answer {
    let text = call.params.at(0).text()?;
    let is_verbose = call.params.optional(1).map_or(Ok(true), |param| param.bool())?;
    let chain = &call.world.chain;
    let newest = call.world.height_at(call.node);
    let height = chain::parse_hash(&text).and_then(|hash| chain.height_of(&hash)).filter(|height| *height <= newest);
    let found = height.and_then(|height| Some((height, chain.block(height)?)));
    let (height, block) = found.ok_or_else(|| RpcError::new(RpcError::UNKNOWN_KEY, "Block not found"))?;
    if !is_verbose {
        return Ok(Json::text(twister::hex::encode(&block.serialized())).into());
    }
    let confirmations = newest - height + 1;
    let mut members = vec![
        ("hash", Json::text(hash_text(&block.hash()))),
        ("confirmations", Json::Integer(confirmations.into())),
        ("size", Json::from(block.serialized().len())),
        ("height", Json::Integer(height.into())),
        ("version", Json::Integer(Block::VERSION.into())),
        ("merkleroot", Json::text(hash_text(&block.merkle_root))),
        ("tx", Json::texts(block.transaction_ids().iter().map(hash_text))),
        ("spamMessage", Json::text(PROMOTED_MESSAGE)),
        ("spamUser", Json::text(PROMOTED_USER)),
        ("userhashes", Json::texts(block.registrations.iter().map(|made| hash_text(&made.username_hash())))),
        ("usernames", Json::texts(block.registrations.iter().map(|made| &made.username))),
        ("time", Json::Integer(block.time)),
        ("nonce", Json::Integer(Block::NONCE.into())),
        ("bits", Json::text(format!("{:08x}", chain::BITS))),
        ("difficulty", Json::Real(DIFFICULTY)),
    ];
    if height > 0 {
        members.push(("previousblockhash", Json::text(hash_text(&block.previous))));
    }
    if let Some(next) = chain.block(height + 1).filter(|_| height < newest) {
        members.push(("nextblockhash", Json::text(hash_text(&next.hash()))));
    }
    Ok(Json::object(members).into())
}

fn raw_transaction(call: &mut Call<'_>) -> Answer {
    let username = call.params.at(0).text()?;
    let is_verbose = call.params.optional(1).map_or(Ok(0), |param| param.int())? != 0;
    let chain = &call.world.chain;
    let newest = call.world.height_at(call.node);
    let account = chain.account(&username).filter(|account| account.height <= newest);
    let account = account.and_then(|account| Some((account, chain.block(account.height)?)));
    let (account, block) =
        account.ok_or_else(|| RpcError::new(RpcError::UNKNOWN_KEY, "No information available about transaction"))?;
    let registration = &account.registration;
    let hex = Json::text(twister::hex::encode(&registration.serialized()));
    if !is_verbose {
        return Ok(hex.into());
    }
    let confirmations = newest - account.height + 1;
    let members = [
        ("hex", hex),
        ("txid", Json::text(hash_text(&registration.username_hash()))),
        ("version", Json::Integer(Registration::VERSION.into())),
        ("message", Json::text("")),
        ("username", Json::text(&username)),
        ("pubKey", Json::texts([twister::hex::encode(&registration.public.serialize())])),
        ("nonce", Json::Integer(Registration::NONCE.into())),
        ("blockhash", Json::text(hash_text(&block.hash()))),
        ("height", Json::Integer(account.height.into())),
        ("confirmations", Json::Integer(confirmations.into())),
        ("time", Json::Integer(block.time)),
        ("blocktime", Json::Integer(block.time)),
    ];
    Ok(Json::object(members).into())
}

/// Turns the making of blocks on or off. Turned on, the node makes one at once.
fn set_generate(call: &mut Call<'_>) -> Answer {
    let is_on = call.params.at(0).bool()?;
    let processors = call.params.optional(1).map(|param| param.int()).transpose()?;
    let mining = &mut call.state().mining;
    mining.processors = processors.unwrap_or(mining.processors);
    mining.is_on = is_on && processors != Some(0);
    if mining.is_on {
        call.world.mine(1);
    }
    Ok(Json::Null.into())
}
