//! What is subscribed to changes while the session stands.

use super::support::*;
use crate::config::ProtocolChoice;
use crate::message::{Message, Qos};
use crate::topic::TopicFilter;

/// Asks for other subscriptions, and waits until the broker keeps just these.
async fn change(place: &Place, session: &Running, filters: &[&str]) {
    let filters: Vec<TopicFilter> = filters.iter().map(|filter| filter.parse().unwrap()).collect();
    session.publications.send_replace(filters.clone());
    let settled = async {
        loop {
            let known = place.store.broker_session().await.unwrap().subscribed;
            if known.certain
                && known.filters.len() == filters.len()
                && filters.iter().all(|filter| known.filters.contains_key(filter.as_str()))
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, settled).await.unwrap();
}

#[tokio::test]
async fn other_subscriptions_are_made_over_the_same_connection_and_nothing_is_missed() {
    for protocol in BOTH {
        for place in Place::each().await {
            let mut session = place.start(protocol).await;
            let mut last = String::new();
            // Messages come all the time, and each change means doors/1 before and after it.
            for (number, filters) in [["doors/+"], ["+/1"], ["doors/1"], ["doors/#"]].iter().enumerate() {
                let publisher = async {
                    for part in 0..5 {
                        place.publish(Qos::AtLeastOnce, &format!("{number}.{part}")).await;
                    }
                };
                tokio::join!(publisher, change(&place, &session, filters));
                for part in 0..5 {
                    let mut taken = session.take().await;
                    // In MQTT 3.1.1 nothing tells copies apart that a broker sends for the old subscription and the new one.
                    while protocol == ProtocolChoice::V311 && taken == last {
                        taken = session.take().await;
                    }
                    assert_eq!(taken, format!("{number}.{part}"), "{protocol:?}");
                    last = taken;
                }
            }
            assert!(session.board.state().broker == crate::event::PartState::Up);
        }
    }
}

#[tokio::test]
async fn what_several_subscriptions_match_is_taken_once_each_time_that_it_is_published() {
    // In MQTT 3.1.1 nothing tells copies apart, so what comes there is the broker's choice.
    for place in Place::each().await {
        let mut session = place.start(ProtocolChoice::V5).await;
        change(&place, &session, &["doors/+", "+/1", "+/+/x"]).await;
        for qos in [Qos::AtLeastOnce, Qos::ExactlyOnce] {
            for payload in ["open", "open", "shut"] {
                place.publish(qos, payload).await;
            }
            for payload in ["open", "open", "shut"] {
                assert_eq!(session.take().await, payload, "{qos:?}");
            }
        }
        place.publish(Qos::AtLeastOnce, "end").await;
        assert_eq!(session.take().await, "end");
    }
}

#[tokio::test]
async fn what_is_not_subscribed_to_any_more_is_not_taken() {
    for protocol in BOTH {
        for place in Place::each().await {
            let addr = place.broker.addr();
            let on_windows = |payload| Message::new("windows/1".parse().unwrap(), payload, Qos::AtLeastOnce);
            let mut session = place.start(protocol).await;
            change(&place, &session, &["windows/#"]).await;
            place.publish(Qos::AtLeastOnce, "not asked for any more").await;
            publish(addr, on_windows("asked for")).await;
            assert_eq!(session.take().await, "asked for", "{protocol:?}");
            change(&place, &session, &[]).await;
            publish(addr, on_windows("not asked for")).await;
            change(&place, &session, &["doors/#", "windows/#"]).await;
            place.publish(Qos::AtLeastOnce, "both").await;
            assert_eq!(session.take().await, "both", "{protocol:?}");
        }
    }
}
