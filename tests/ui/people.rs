//! Accounts and people: a name registered until the block that confirms it, its key kept, and two people joined by an
//! invitation.

use std::fs;

use crate::support::{Machine, Stranger, Window, two_bridges};

/// Time between two blocks: long enough for a person to see that one is waited for.
const BLOCK_SECONDS: &str = "6";

async fn network() -> Stranger {
    Stranger::start_with(&["mqtt_alice@0", "mqtt_bob@1"], &["--block-seconds", BLOCK_SECONDS]).await
}

/// The text of the invitation that shows.
async fn invitation(window: &Window) -> String {
    window.find("invitation-text").await.prop("value").await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_registered_until_its_block_and_its_key_is_kept_and_in_no_file() {
    let network = network().await;
    let window = two_bridges(Machine::new(), &network).open().await;
    window.go("#/bridge/alice/account").await;
    window.shows("identity registration-state", "Registered").await;

    window.press("register-account").await;
    window.fill("register-name", "mqtt_carol").await;
    window.press("register-now").await;
    window.find("secret").await;
    window.press("secret-saved").await;
    window.shows("wallet-account-mqtt_carol registration-elapsed", "A block comes about every").await;
    window.screenshot("account-registering.png").await;
    window.shows("wallet-account-mqtt_carol", "Registered").await;

    window.press("backup-key").await;
    window.press("reveal-key").await;
    let key = window.find("secret-key").await.text().await.unwrap();
    assert_eq!(key.len(), 52);
    window.fill("key-proof", &key[key.len() - 6..]).await;
    window.press("key-kept").await;
    assert!(!window.written().contains(&key), "the key is in a file");
    window.screenshot("account.png").await;
    window.is_accessible("The account").await;

    window.fill("profile-fullname", "Alice of the doors").await;
    window.press("save-profile").await;
    window.shows("profile-saved", "Saved").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_are_joined_by_an_invitation_that_one_makes_and_the_other_approves_of() {
    let network = network().await;
    let window = two_bridges(Machine::new(), &network).open().await;
    window.go("#/bridge/alice/people").await;
    window.says("Nobody yet").await;
    window.press("invite").await;
    window.fill("invite-to", "mqtt_bob").await;
    window.fill("invite-offers", "doors/#").await;
    window.fill("invite-wants", "fridges/#").await;
    window.fill("invite-note", "Shall we?").await;
    window.press("make-invitation").await;
    window.find("qr").await;
    window.says("Signed with your account’s key").await;
    window.screenshot("people-invitation.png").await;
    window.is_accessible("The invitation").await;
    let sent = invitation(&window).await;
    window.press("invite-done").await;

    // Nothing is done before bob approves, and then nothing that he does not approve of.
    window.go("#/bridge/bob/people").await;
    window.press("read-invitation").await;
    window.fill("pasted", &format!("Hello Bob, this is for you: {sent}.")).await;
    window.press("look").await;
    window.shows("authorship", "Signed by @mqtt_alice").await;
    window.shows("review-note", "Shall we?").await;
    window.screenshot("people-review.png").await;
    window.is_accessible("The review").await;
    assert!(!window.written().contains("fridges/#"), "something was done before it was approved of");
    window.press("approve").await;
    window.shows("accepted", "joined with @mqtt_alice").await;
    let answer = invitation(&window).await;
    window.press("read-done").await;
    window.shows("person-name", "@mqtt_alice").await;

    window.go("#/bridge/alice/people").await;
    window.press("read-invitation").await;
    window.fill("pasted", &answer).await;
    window.press("look").await;
    window.shows("authorship", "Signed by @mqtt_bob").await;
    window.press("approve").await;
    window.shows("accepted", "Both sides have agreed").await;
    window.press("read-done").await;

    window.go("#/overview").await;
    window.press("start-all").await;
    window.go("#/bridge/alice/people").await;
    window.shows("person-wants", "doors/#").await;
    window.screenshot("people.png").await;
    window.is_accessible("The people").await;

    window.go("#/bridge/alice/account").await;
    window.shows("quota", "posts left").await;
    window.shows("forecast", "Too early to say").await;
    window.screenshot("account-posts.png").await;
    window.is_accessible("The account that posts").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_is_opened_as_a_file_or_a_link_is_shown_to_whom_it_is_for() {
    let network = network().await;
    let window = two_bridges(Machine::new(), &network).open().await;
    window.go("#/bridge/alice/people").await;
    window.press("invite").await;
    window.fill("invite-to", "mqtt_bob").await;
    window.fill("invite-offers", "doors/#").await;
    window.press("make-invitation").await;
    let sent = invitation(&window).await;
    window.press("invite-done").await;

    let letter = window.home().join("from alice.twister-invitation");
    fs::write(&letter, format!("Hello Bob, this is for you:\n{sent}\n")).unwrap();
    for opened in [letter.to_str().unwrap(), &sent] {
        window.go("#/overview").await;
        assert!(window.start_again(&[opened]).await, "the second start failed");
        window.shows("authorship", "Signed by @mqtt_alice").await;
        window.shows("bridge-name", "bob").await;
        window.press("decline").await;
    }
    assert!(!window.written().contains("doors/#"), "something was done before it was approved of");

    fs::write(&letter, "Hello Bob!").unwrap();
    assert!(window.start_again(&[letter.to_str().unwrap()]).await, "the second start failed");
    window.shows("opened-dialog", "There is no invitation in this text").await;
    window.screenshot("invitation-opened.png").await;
    window.is_accessible("What was opened").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_found_by_the_beginning_of_its_name_and_followed_and_limited_and_left_again() {
    let network = network().await;
    let window = two_bridges(Machine::new(), &network).open().await;
    window.go("#/bridge/alice/people").await;
    window.press("follow-somebody").await;
    window.fill("search-name", "@mqtt_b").await;
    window.press("follow-mqtt_bob").await;
    window.shows("person-name", "@mqtt_bob").await;
    window.fill("allowed-topics", "doors/#").await;
    window.fill("limit-rate", "60").await;
    window.press("save-limits").await;
    window.until_written("messages_per_minute = 60").await;
    window.press("unfollow").await;
    window.press("unfollow-question confirm").await;
    window.says("Nobody yet").await;
    window.close().await;
}
