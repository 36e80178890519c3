//! Who gets in.

use mqtt_twister_broker::{Broker, Credentials};

use crate::support::*;

#[tokio::test]
async fn only_the_right_login_gets_in() {
    let options = any_port().with_credentials(Credentials::new("user", "password"));
    let broker = Broker::start(options).await.unwrap();
    for protocol in [V4, V5] {
        let connect = Connect::new(protocol, "client");
        // At once, since every refusal is kept waiting.
        let (none, password, user, empty) = tokio::join!(
            Client::try_connect(&broker, connect.clone()),
            Client::try_connect(&broker, connect.clone().login("user", "wrong")),
            Client::try_connect(&broker, connect.clone().login("other", "password")),
            Client::try_connect(&broker, connect.clone().login("user", "")),
        );
        for attempt in [none, password, user, empty] {
            let refusal = attempt.err().unwrap();
            assert!(refusal.contains("BadUserNamePassword"), "{protocol:?}: {refusal}");
        }
        let mut client = Client::connect(&broker, connect.login("user", "password")).await;
        client.subscribe("doors/1", 1).await;
        client.publish("doors/1", 1, "let in").await;
        assert_eq!(client.message().await.text(), "let in");
    }
}

#[tokio::test]
async fn another_way_to_authenticate_does_not_get_past_the_login() {
    let options = any_port().with_credentials(Credentials::new("user", "password"));
    let broker = Broker::start(options).await.unwrap();
    let connect = Connect::new(V5, "client").authentication_method("PLAIN");
    let refusal = Client::try_connect(&broker, connect).await.err().unwrap();
    assert!(refusal.contains("BadAuthenticationMethod"), "{refusal}");
}

#[tokio::test]
async fn the_login_does_not_travel_with_messages() {
    let options = any_port().with_credentials(Credentials::new("user", "password"));
    let broker = Broker::start(options).await.unwrap();
    let mut client = Client::connect(&broker, Connect::new(V5, "client").login("user", "password")).await;
    client.subscribe("doors/1", 1).await;
    client.publish("doors/1", 1, "x").await;
    let properties = format!("{:?}", client.message().await.properties);
    assert!(!properties.contains("user\"") && !properties.contains("password"), "{properties}");
}

#[tokio::test]
async fn without_a_login_set_any_is_accepted() {
    let broker = start().await;
    for protocol in [V4, V5] {
        Client::connect(&broker, Connect::new(protocol, "anonymous")).await;
        Client::connect(&broker, Connect::new(protocol, "known").login("user", "password")).await;
    }
}
