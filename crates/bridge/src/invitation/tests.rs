use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::{BridgeConfig, CatchUp, PeerConfig, Subscription, Visibility, parse_bridge};

/// The test vector of `docs/invitation.md`.
const VECTOR: &str = "mqtt-twister:1.eyJmcm9tIjoibXF0dF9hbGljZSIsInRvIjoibXF0dF9ib2IiLCJvZmZlcnMiOlsiZG9vcnMvIyJdLCJ3YW50c\
    yI6WyJmcmlkZ2VzLyMiXSwicGVyX21pbnV0ZSI6NjAwLCJtYWRlIjoxNzM2NTAwMDAwfQ.HyZRgPtiJYyu6xE3t9w_LtkBClvH_k\
    17ZPg52FWo27UERGz3hwPcK7UFMry7gavUSkEKqq7MUR7Jztx5r9Mmt8k";

fn filters(texts: &[&str]) -> Vec<TopicFilter> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn from_alice() -> Invitation {
    Invitation {
        from: "mqtt_alice".parse().unwrap(),
        to: Some("mqtt_bob".parse().unwrap()),
        offers: filters(&["doors/#"]),
        wants: filters(&["fridges/#"]),
        per_minute: Some(600),
        max_payload: None,
        network: None,
        note: String::new(),
        made: 1_736_500_000,
        answers: None,
    }
}

fn bob(rules: Value) -> BridgeConfig {
    let mut config = json!({
        "name": "home",
        "twister": { "url": "http://127.0.0.1:28332", "account": "mqtt_bob" },
        "broker": { "url": "mqtt://127.0.0.1" },
    });
    config.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
    parse_bridge(config).unwrap()
}

fn everything(invitation: &Invitation) -> Approval {
    let (receive, send) = (invitation.offers.clone(), invitation.wants.clone());
    Approval { receive, send, per_minute: invitation.per_minute, max_payload: invitation.max_payload }
}

fn error_of(body: &str) -> InvitationError {
    Sealed::find(&format!("mqtt-twister:1.{}", URL_SAFE_NO_PAD.encode(body))).unwrap_err()
}

#[test]
fn the_specified_example_is_what_is_written_and_read() {
    let sealed = Sealed::unsigned(&from_alice());
    assert!(VECTOR.starts_with(&format!("{}.", sealed.signed_text())), "{}", sealed.signed_text());
    let (read, invitation) = Sealed::find(VECTOR).unwrap();
    assert_eq!(invitation, from_alice());
    assert_eq!((read.text().as_str(), read.signature().unwrap().len()), (VECTOR, 65));
    let spec = include_str!("../../../../docs/invitation.md");
    assert!(spec.contains(VECTOR) && spec.contains(&read.id()), "{}", read.id());
}

#[test]
fn an_invitation_leads_to_the_private_network_of_its_author() {
    let peers = ["192.168.1.20:28333", "[2001:db8::7]:28333", "home.example.org:40000"];
    let peers = peers.iter().map(|text| text.parse().unwrap()).collect();
    let network = Some(InvitedNetwork { name: "Orchard Lane".to_owned(), peers });
    let invitation = Invitation { network, ..from_alice() };
    let (_, read) = Sealed::find(&Sealed::unsigned(&invitation).text()).unwrap();
    assert_eq!(read, invitation);
    let answer = read.answer(&everything(&read), &bob(json!({})), "ea102935bc579475".to_owned(), 1);
    assert_eq!(answer.network, None, "who has invited is in it");
}

#[test]
fn a_network_that_cannot_be_joined_or_shown_spoils_the_invitation() {
    let one = ["10.0.0.1:28333".to_owned()];
    let many = vec![one[0].clone(); MOST_PEERS + 1];
    let is_refused = |name: &str, peers: &[String]| {
        let network = json!({ "name": name, "peers": peers });
        let body = json!({ "from": "mqtt_alice", "offers": ["a"], "made": 1, "network": network });
        Sealed::find(&format!("mqtt-twister:1.{}", URL_SAFE_NO_PAD.encode(body.to_string()))).is_err()
    };
    assert!(!is_refused("home", &one));
    for (name, peers) in [("", &one[..]), ("  ", &one), (&"x".repeat(41), &one), ("a\u{202e}b", &one), ("home", &[])] {
        assert!(is_refused(name, peers), "{name:?} {peers:?}");
    }
    assert!(is_refused("home", &many));
    for host in
        ["", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:x", "a b:1", "-x:1", "a\nrpcuser=b:1", "[10.0.0.1]:1", "a..b:1"]
    {
        assert!(is_refused("home", &[host.to_owned()]), "{host:?}");
    }
}

#[test]
fn an_invitation_is_found_in_the_letter_around_it() {
    let text = Sealed::unsigned(&from_alice()).text();
    for letter in [
        format!("Hello Bob,\n{text}\nSee you!"),
        format!("<{text}>"),
        format!("Open this: {text}."),
        format!("\"{text}\", she said"),
        format!("  {text}\r\n"),
    ] {
        assert_eq!(Sealed::find(&letter).unwrap().1, from_alice(), "{letter}");
    }
}

#[test]
fn what_is_no_invitation_is_told_from_one_that_is_damaged_and_from_one_of_a_newer_program() {
    let text = Sealed::unsigned(&from_alice()).text();
    for nothing in ["", "hello", "mqtt-twister:", "mqtt-twister:1", "mqtt-twister:x.abc", "https://example.org"] {
        assert_eq!(Sealed::find(nothing).unwrap_err(), InvitationError::NotFound, "{nothing:?}");
    }
    assert_eq!(Sealed::find(&text.replace(":1.", ":2.")).unwrap_err(), InvitationError::Newer("2".to_owned()));
    for damaged in [&text[..text.len() - 7], &format!("{text}.AAAA"), &format!("{text}.AAAA.AAAA"), "mqtt-twister:1.%"]
    {
        let error = Sealed::find(damaged).unwrap_err();
        assert!(matches!(error, InvitationError::Damaged(_) | InvitationError::NotFound), "{damaged}: {error}");
    }
    let long = format!("mqtt-twister:1.{}", "A".repeat(LONGEST_TEXT));
    assert_eq!(Sealed::find(&long).unwrap_err(), InvitationError::TooLong);
}

#[test]
fn what_cannot_be_shown_or_used_is_refused() {
    let refused = |change: &dyn Fn(&mut Invitation)| {
        let mut invitation = from_alice();
        change(&mut invitation);
        let error = Sealed::find(&Sealed::unsigned(&invitation).text()).unwrap_err();
        match error {
            InvitationError::Content(error) => error,
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(&|one| (one.offers, one.wants) = (Vec::new(), Vec::new())), ContentError::Empty);
    assert_eq!(refused(&|one| one.offers = filters(&["a"; MOST_FILTERS + 1])), ContentError::TooManyFilters);
    assert_eq!(refused(&|one| one.wants = filters(&[&"x".repeat(LONGEST_FILTER + 1)])), ContentError::LongFilter);
    for local in ["$SYS/#", "mqtt-twister/home/state"] {
        assert_eq!(refused(&|one| one.wants = filters(&[local])), ContentError::LocalFilter(local.parse().unwrap()));
    }
    for hidden in ["a\u{202e}b", "a\u{200b}", "a\nb", "\u{7}", "\u{feff}"] {
        assert_eq!(refused(&|one| one.note = hidden.to_owned()), ContentError::Unprintable("note"), "{hidden:?}");
        assert_eq!(refused(&|one| one.offers = filters(&[hidden])), ContentError::Unprintable("topics"));
    }
    assert_eq!(refused(&|one| one.note = "ä".repeat(LONGEST_NOTE + 1)), ContentError::LongNote);
    assert_eq!(refused(&|one| one.per_minute = Some(0)), ContentError::Zero("per_minute"));
    assert_eq!(refused(&|one| one.to = Some(one.from.clone())), ContentError::ToItself("mqtt_alice".parse().unwrap()));
    for answers in ["", "0123", "0123456789ABCDEF", "<script>alert(1)"] {
        assert_eq!(refused(&|one| one.answers = Some(answers.to_owned())), ContentError::BadAnswer);
    }
}

#[test]
fn values_of_the_wrong_kind_are_damage_and_are_not_quoted() {
    for body in [
        "null",
        "[]",
        "{}",
        r#"{"from":"Evil Name","offers":["a"],"made":1}"#,
        r#"{"from":"alice","offers":"a","made":1}"#,
        r#"{"from":"alice","offers":["a/#/b"],"made":1}"#,
        r#"{"from":"alice","offers":[""],"made":1}"#,
        r#"{"from":"alice","offers":["a\u0000b"],"made":1}"#,
        r#"{"from":"alice","offers":["a"],"made":-1}"#,
        r#"{"from":"alice","offers":["a"],"made":1e300}"#,
        r#"{"from":"alice","offers":["a"],"per_minute":4294967296,"made":1}"#,
        r#"{"from":"alice","offers":["a"],"made":1"#,
        &"[".repeat(1000),
    ] {
        let error = error_of(body);
        assert!(matches!(error, InvitationError::Damaged(_)), "{body}: {error}");
        assert!(!error.to_string().contains("Evil"));
    }
}

#[test]
fn members_that_are_not_known_are_ignored_so_that_more_can_be_said_later() {
    let body = r#"{"from":"alice","offers":["a"],"made":1,"colour":"red"}"#;
    let (_, invitation) = Sealed::find(&format!("mqtt-twister:1.{}", URL_SAFE_NO_PAD.encode(body))).unwrap();
    assert_eq!(invitation.offers, filters(&["a"]));
}

#[test]
fn a_reader_can_use_what_is_for_it_or_for_anybody_and_not_its_own() {
    let check = |invitation: &Invitation, reader: &str| invitation.check_reader(&reader.parse().unwrap());
    assert_eq!(check(&from_alice(), "mqtt_bob"), Ok(()));
    assert!(matches!(check(&from_alice(), "mqtt_carol"), Err(InvitationError::ForAnother { .. })));
    assert_eq!(check(&from_alice(), "mqtt_alice"), Err(InvitationError::Own));
    assert_eq!(check(&Invitation { to: None, ..from_alice() }, "mqtt_carol"), Ok(()));
}

#[test]
fn what_is_approved_becomes_rules_for_that_account_alone() {
    let (invitation, before) = (from_alice(), bob(json!({})));
    let proposal = invitation.proposal(&before);
    assert_eq!(proposal, Proposal { follow: true, subscribe: filters(&["doors/#"]), forward: filters(&["fridges/#"]) });
    let after = invitation.apply(&everything(&invitation), &before);
    after.check().unwrap();
    assert_eq!(after.following, std::slice::from_ref(&invitation.from));
    let subscription = Subscription { from: vec![invitation.from.clone()], ..filters(&["doors/#"]).remove(0).into() };
    assert_eq!(after.subscriptions, [subscription]);
    assert_eq!((after.publications, after.forwards.len()), (filters(&["fridges/#"]), 1));
    assert_eq!(after.forwards[0].visibility, Visibility::Private);
    assert_eq!(after.forwards[0].to, std::slice::from_ref(&invitation.from));
    let peer = &after.peers[&invitation.from];
    assert_eq!((peer.topics.clone(), peer.messages_per_minute), (filters(&["doors/#"]), Some(600)));
    assert_eq!(peer.after_absence, CatchUp::Everything);
}

#[test]
fn a_second_reading_proposes_nothing_and_changes_nothing() {
    let invitation = from_alice();
    let once = invitation.apply(&everything(&invitation), &bob(json!({})));
    let proposal = invitation.proposal(&once);
    assert_eq!(proposal, Proposal { follow: false, subscribe: Vec::new(), forward: Vec::new() });
    assert_eq!(invitation.apply(&everything(&invitation), &once), once);
}

#[test]
fn nothing_that_was_not_proposed_gets_in_whatever_is_approved() {
    let invitation = from_alice();
    let greedy = Approval {
        receive: filters(&["#", "lamps/#"]),
        send: filters(&["fridges/kitchen", "secrets/#"]),
        per_minute: None,
        max_payload: None,
    };
    let after = invitation.apply(&greedy, &bob(json!({})));
    assert_eq!(after.subscriptions.iter().map(|rule| rule.filter.as_str()).collect::<Vec<_>>(), ["doors/#"]);
    assert_eq!(after.publications, filters(&["fridges/kitchen"]));
    assert_eq!(after.forwards.iter().map(|rule| rule.from.as_str()).collect::<Vec<_>>(), ["fridges/kitchen"]);
}

#[test]
fn an_account_from_which_nothing_is_wanted_may_send_nothing() {
    let (invitation, before) = (from_alice(), bob(json!({ "subscriptions": ["#"] })));
    let approval = Approval { receive: Vec::new(), ..everything(&invitation) };
    let after = invitation.apply(&approval, &before);
    after.check().unwrap();
    assert_eq!(after.peers[&invitation.from].topics, PeerConfig::nothing().topics);
}

#[test]
fn what_the_person_had_set_for_a_followed_account_stays() {
    let invitation = from_alice();
    let unlimited = bob(json!({ "following": ["mqtt_alice"], "subscriptions": ["lamps/#"] }));
    let after = invitation.apply(&Approval { per_minute: None, ..everything(&invitation) }, &unlimited);
    assert!(after.peers.is_empty(), "it could send anything, and still can");
    let limited = bob(json!({
        "following": ["mqtt_alice"],
        "subscriptions": ["lamps/#"],
        "peers": { "mqtt_alice": { "topics": ["lamps/#"], "max_payload": 10, "after_absence": "from_now_on" } },
    }));
    let peer = &invitation.apply(&everything(&invitation), &limited).peers[&invitation.from];
    assert_eq!(peer.topics, filters(&["lamps/#", "doors/#"]));
    assert_eq!((peer.max_payload, peer.after_absence), (Some(10), CatchUp::FromNowOn));
}

#[test]
fn the_answer_is_the_other_side_of_what_was_approved() {
    let (invitation, sealed) = (from_alice(), Sealed::unsigned(&from_alice()));
    let approval = Approval { send: Vec::new(), ..everything(&invitation) };
    let answer = invitation.answer(&approval, &bob(json!({})), sealed.id(), 1_736_500_060);
    answer.check().unwrap();
    assert_eq!((answer.from.as_str(), answer.to.clone()), ("mqtt_bob", Some(invitation.from.clone())));
    assert_eq!((answer.offers.clone(), answer.wants.clone()), (Vec::new(), filters(&["doors/#"])));
    assert_eq!(answer.answers, Some(sealed.id()));
    assert_eq!(Sealed::find(&Sealed::unsigned(&answer).text()).unwrap().1, answer);
}

#[test]
fn a_signature_of_another_length_is_left_out() {
    let sealed = Sealed::unsigned(&from_alice());
    assert_eq!(sealed.clone().signed(&[1; 64]).signature(), None);
    assert_eq!(sealed.signed(&[1; 65]).signature().unwrap(), [1; 65]);
}

proptest! {
    #[test]
    fn no_text_is_too_strange_to_be_read_or_refused(text in "\\PC{0,300}", tail in "[A-Za-z0-9._-]{0,300}") {
        drop(Sealed::find(&text));
        drop(Sealed::find(&format!("mqtt-twister:{tail}")));
        drop(Sealed::find(&format!("mqtt-twister:1.{tail}")));
        drop(Sealed::find(&format!("{text}mqtt-twister:1.{}{text}", URL_SAFE_NO_PAD.encode(&text))));
    }

    #[test]
    fn an_invitation_of_which_anything_was_cut_or_changed_is_refused_or_not_signed_the_same(
        at in 0..VECTOR.len(),
        put in "[A-Za-z0-9._-]",
    ) {
        let mut changed = VECTOR.to_owned();
        changed.replace_range(at..=at, &put);
        if let Ok((sealed, _)) = Sealed::find(&changed) {
            let (original, _) = Sealed::find(VECTOR).unwrap();
            prop_assert!(changed == VECTOR || sealed != original || sealed.text() == original.text());
        }
        drop(Sealed::find(&VECTOR[..at]));
    }

    #[test]
    fn what_was_written_is_read_again(offers in prop::collection::vec("[a-z]{1,8}(/[a-z]{1,8}){0,3}", 1..8), note in "[ -~]{0,200}") {
        let invitation = Invitation {
            offers: offers.iter().map(|text| text.parse().unwrap()).collect(),
            note,
            ..from_alice()
        };
        prop_assert_eq!(Sealed::find(&Sealed::unsigned(&invitation).text()).unwrap().1, invitation);
    }
}
