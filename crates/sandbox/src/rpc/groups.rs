//! Calls about groups.

use std::collections::BTreeSet;

use twister::bencode::Value;

use crate::groups::Group;
use crate::json::Json;
use crate::keys::Key;
use crate::post::Draft;
use crate::rpc::error::RpcError;
use crate::rpc::messages::seal;
use crate::rpc::posts::publish;
use crate::rpc::{Answer, Call, Method};

/// How many bytes of names one list of members holds at most, before one more.
const MEMBERS_LEN: usize = 150;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "creategroup",
        counts: 1..=2,
        help: "creategroup <description> [<groupprivkey>]\n\
            Create (if <groupprivkey> is omited) a new key pair for group chat and add it to wallet\n\
            Or import the given <groupprivkey> into wallet\n\
            Hint: use newgroupinvite to invite yourself\n\
            Returns the group alias",
        run: create,
    },
    Method {
        name: "listgroups",
        counts: 0..=2,
        help: "listgroups [username] [list_only_ignored=false]\n\
            get list of group chats\n\
            if username is given, it will return list of user's groups.",
        run: list,
    },
    Method {
        name: "getgroupinfo",
        counts: 1..=1,
        help: "getgroupinfo <groupalias>\nget group description and members",
        run: info,
    },
    Method {
        name: "newgroupinvite",
        counts: 4..=4,
        help: "newgroupinvite <username> <k> <groupalias> '[<newmember>,...]'\n\
            Invite some new members for a group chat.\n\
            note: k is increased by at least 2, check getlasthave",
        run: invite,
    },
    Method {
        name: "leavegroup",
        counts: 2..=2,
        help: "leavegroup <username> <groupalias>\nStop receiving chats from group",
        run: leave,
    },
];

fn create(call: &mut Call<'_>) -> Answer {
    let description = call.params.at(0).text()?;
    let key_text =
        call.params.optional(1).map_or_else(|| Ok(Key::generate().to_backup_text()), |param| param.text())?;
    call.world.is_changed = true;
    let alias = call.state().add_group(&key_text, &description).or_else(|| {
        let known = call.state().groups.iter().find(|(_, group)| group.key_text == key_text);
        known.map(|(alias, _)| alias.clone())
    });
    Ok(Json::text(alias.unwrap_or_default()).into())
}

fn list(call: &mut Call<'_>) -> Answer {
    let username = call.params.optional(0).map_or_else(|| Ok(String::new()), |param| param.text())?;
    let only_ignored = call.params.optional(1).map_or(Ok(false), |param| param.bool())?;
    let node = call.state();
    let user = node.users.get(&username);
    if !username.is_empty() && user.is_none() {
        return Err(RpcError::new(RpcError::INTERNAL, "unknown user"));
    }
    if only_ignored {
        return Ok(Json::texts(user.map(|user| &user.ignored_groups).into_iter().flatten()).into());
    }
    let is_member = |group: &Group| username.is_empty() || group.members.contains(&username);
    Ok(Json::texts(node.groups.iter().filter(|(_, group)| is_member(group)).map(|(alias, _)| alias)).into())
}

fn info(call: &mut Call<'_>) -> Answer {
    let alias = call.params.at(0).text()?;
    let group = group(call, &alias)?;
    let members = [
        ("alias", Json::text(&alias)),
        ("description", Json::text(&group.description)),
        ("members", Json::texts(&group.members)),
    ];
    Ok(Json::object(members).into())
}

/// Sends the group's key to each new member, and then the list of all members to the group.
fn invite(call: &mut Call<'_>) -> Answer {
    let params = call.params;
    let (from, mut number) = (params.at(0).text()?, params.at(1).int()?);
    let (alias, invited) = (params.at(2).text()?, params.at(3).texts()?);
    let group = group(call, &alias)?;
    let mut members = group.members;

    let key = [("desc", Value::from(group.description.as_str())), ("key", Value::from(group.key_text.as_str()))];
    let payload = [("group_invite", key.into_iter().collect())].into_iter().collect();
    for member in invited {
        if let Some(user) = call.state().users.get_mut(&member) {
            user.ignored_groups.remove(&alias);
        }
        let message = seal(call, &member, &payload, "error encrypting to pubkey of destination user")?;
        members.insert(member);
        publish(call, &from, number, Draft { message: Some(message), ..Draft::default() })?;
        number += 1;
    }
    for names in member_lists(members) {
        let payload = [("group_members", Value::List(names))].into_iter().collect();
        let message = seal(call, &alias, &payload, "error encrypting to pubkey of group alias")?;
        publish(call, &from, number, Draft { message: Some(message), ..Draft::default() })?;
        number += 1;
    }
    Ok(Json::Null.into())
}

fn leave(call: &mut Call<'_>) -> Answer {
    let (username, alias) = (call.params.at(0).text()?, call.params.at(1).text()?);
    group(call, &alias)?;
    call.world.is_changed = true;
    let node = call.state();
    let user = node.users.get_mut(&username);
    let user = user.ok_or_else(|| RpcError::new(RpcError::INTERNAL, "unknown user"))?;
    user.messages.remove(&alias);
    user.ignored_groups.insert(alias.clone());
    if let Some(group) = node.groups.get_mut(&alias) {
        group.members.remove(&username);
    }
    Ok(Json::Null.into())
}

fn group(call: &Call<'_>, alias: &str) -> Result<Group, RpcError> {
    let group = call.world.nodes[call.node].groups.get(alias).cloned();
    group.ok_or_else(|| RpcError::new(RpcError::INTERNAL, "unknown group alias"))
}

/// The names in lists that fit into a post each.
fn member_lists(members: BTreeSet<String>) -> Vec<Vec<Value>> {
    let mut lists = Vec::new();
    let mut len = usize::MAX;
    for member in members {
        if len > MEMBERS_LEN {
            lists.push(Vec::new());
            len = 0;
        }
        len += member.len() + 2 + member.len() / 10;
        if let Some(list) = lists.last_mut() {
            list.push(Value::from(member.as_str()));
        }
    }
    lists
}
