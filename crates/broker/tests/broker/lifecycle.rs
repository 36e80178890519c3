//! Start and stop.

use std::future::Future;

use mqtt_twister_broker::{Broker, BrokerError, BrokerOptions, Credentials};
use tokio::net::TcpListener;

use crate::support::*;

#[tokio::test]
async fn two_brokers_in_one_process_do_not_hear_each_other() {
    let (here, there) = (start().await, start().await);
    assert_ne!(here.addr(), there.addr());
    let mut client_here = Client::connect(&here, Connect::new(V5, "same-id")).await;
    let mut client_there = Client::connect(&there, Connect::new(V5, "same-id")).await;
    client_here.subscribe("doors/#", 1).await;
    client_there.subscribe("doors/#", 1).await;
    client_here.publish("doors/1", 1, "here").await;
    client_there.publish("doors/1", 1, "there").await;
    assert_eq!(client_here.message().await.text(), "here");
    assert_eq!(client_there.message().await.text(), "there");

    here.stop().await;
    client_there.publish("doors/1", 1, "still there").await;
    assert_eq!(client_there.message().await.text(), "still there");
}

#[tokio::test]
async fn a_broker_restarts_on_its_port_and_folder_while_clients_are_connected() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = any_port().with_data_dir(folder.path());
    for round in 0..5 {
        let broker = Broker::start(options.clone()).await.unwrap();
        if round > 0 {
            assert_eq!(broker.addr(), options.listen);
        }
        options.listen = broker.addr();
        let mut client = Client::connect(&broker, Connect::new(V5, "client").keeping_session().manual_acks()).await;
        assert_eq!(client.session_present, round > 0);
        client.subscribe("doors/1", 1).await;
        client.publish("doors/1", 1, "unacknowledged").await;
        broker.stop().await;
        client.closed_by_broker().await;
    }
}

#[tokio::test]
async fn a_dropped_broker_lets_go_of_its_port() {
    let broker = start().await;
    let addr = broker.addr();
    let mut client = Client::connect(&broker, Connect::new(V5, "client")).await;
    drop(broker);
    client.closed_by_broker().await;
    in_time("the port", async {
        while TcpListener::bind(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_any_more_leaves_nothing_running() {
    let broker = start().await;
    let addr = broker.addr();
    broker.stop().await;
    // Given up at every point where it could be.
    for polls in 1.. {
        let mut start = Box::pin(Broker::start(BrokerOptions::on(addr)));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut finished = false;
        for _ in 0..polls {
            finished = start.as_mut().poll(&mut context).is_ready();
            if finished {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(start);
        in_time("the port", async {
            while TcpListener::bind(addr).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        if finished {
            return;
        }
    }
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let first = start().await;
    let error = Broker::start(BrokerOptions::on(first.addr())).await.unwrap_err();
    assert!(matches!(error, BrokerError::AddressInUse { addr } if addr == first.addr()));
    let text = error.to_string();
    assert!(text.contains(&first.addr().to_string()) && text.contains("choose another port"), "{text}");
    Client::connect(&first, Connect::new(V5, "client")).await;
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() {
    // A block of addresses that is reserved for documentation, so no machine has it.
    let elsewhere = BrokerOptions::on(([192, 0, 2, 1], 0)).with_credentials(Credentials::new("user", "password"));
    assert!(matches!(Broker::start(elsewhere).await, Err(BrokerError::AddressNotHere { .. })));
}

#[tokio::test]
async fn every_interface_needs_a_login_before_anything_listens() {
    let open = BrokerOptions::on(([0, 0, 0, 0], 0));
    assert!(matches!(Broker::start(open.clone()).await, Err(BrokerError::OpenToStrangers { .. })));
    let broker = Broker::start(open.with_credentials(Credentials::new("user", "password"))).await.unwrap();
    assert_ne!(broker.addr().port(), 0);
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "x").unwrap();
    let error = Broker::start(any_port().with_data_dir(&file)).await.unwrap_err();
    assert!(matches!(&error, BrokerError::DataDir { path, .. } if *path == file), "{error:?}");
    assert!(error.to_string().contains(&file.display().to_string()));
}

#[tokio::test]
async fn a_data_folder_serves_one_broker_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let options = any_port().with_data_dir(folder.path());
    let first = Broker::start(options.clone()).await.unwrap();
    let error = Broker::start(options.clone()).await.unwrap_err();
    assert!(matches!(error, BrokerError::Start { .. }));
    assert!(error.to_string().contains("in use"), "{error}");
    Client::connect(&first, Connect::new(V5, "client")).await;
    first.stop().await;
    Broker::start(options).await.unwrap();
}
