//! Whatever the way does to frames, and whenever the program is killed, each message arrives once and in order.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::*;

/// Messages that Alice sends: in which topic, of which QoS, and whether each is in pieces.
#[derive(Debug, Clone)]
struct Sent {
    topic: u8,
    exactly_once: bool,
    pieces: u8,
}

fn sent() -> impl Strategy<Value = Sent> {
    (0u8..3, any::<bool>(), 1u8..4).prop_map(|(topic, exactly_once, pieces)| Sent { topic, exactly_once, pieces })
}

/// Alice: frames that she posts until she hears of them, a window of them at a time.
struct Alice {
    frames: Vec<Vec<Entry>>,
    heard: Vec<bool>,
}

impl Alice {
    /// As a packer does it: the pieces of a message in order, and what is behind it on its topic and QoS after it.
    fn new(messages: &[Sent]) -> Self {
        let mut frames: Vec<Vec<Entry>> = Vec::new();
        for (number, message) in (1..).zip(messages) {
            let whole = Entry {
                topic: format!("doors/{}", message.topic).parse().unwrap(),
                qos: if message.exactly_once { Qos::ExactlyOnce } else { Qos::AtLeastOnce },
                ..entry(number)
            };
            let Content::Whole(payload) = &whole.content else { unreachable!() };
            let total = payload.len() as u32;
            let parts = total.min(message.pieces.into());
            if parts < 2 {
                match frames.last_mut().filter(|frame| frame.len() < 3) {
                    Some(frame) => frame.push(whole),
                    None => frames.push(vec![whole]),
                }
                continue;
            }
            for part in 0..parts {
                let (start, end) = (part, if part + 1 == parts { total } else { part + 1 });
                let bytes = payload[start as usize..end as usize].to_vec();
                let content = Content::Piece { offset: start, total, bytes };
                frames.push(vec![Entry { content, ..whole.clone() }]);
            }
        }
        let heard = vec![false; frames.len()];
        Self { frames, heard }
    }

    fn unsettled(&self) -> Option<usize> {
        self.heard.iter().position(|heard| !heard)
    }

    /// The text of frame `index`, as it was when it was first posted: it does not change.
    fn text(&self, texts: &mut HashMap<usize, String>, index: usize) -> String {
        let number = index as u64 + 1;
        let unsettled = self.unsettled().map_or(number, |lowest| lowest as u64 + 1);
        let text = || v1::encode(&asking(number, unsettled.min(number), self.frames[index].clone())).unwrap();
        texts.entry(index).or_insert_with(text).clone()
    }

    fn hear(&mut self, arrived: &v1::Coverage) {
        for (number, heard) in (1..).zip(&mut self.heard) {
            *heard |= arrived.contains(number);
        }
    }
}

/// What Bob's broker has got, by topic and QoS.
type Heard = BTreeMap<(String, Qos), Vec<String>>;

/// Bob's deliverer: everything that is in the inbox, in order.
fn deliver_all(bob: &mut Bob, heard: &mut Heard) {
    let Ok(rows) = bob.store.run(|tx| inbox::rows_after(tx, 0, 100)) else { return };
    let now = bob.now();
    let ids: Vec<RowId> = rows.iter().map(|row| row.id).collect();
    // What a broker took before a kill is delivered again after it; that is the session's part, not this one's.
    if bob.incoming.handle_delivered(&ids, now).is_ok() {
        for InboxRow { message, .. } in rows {
            let payload = String::from_utf8(message.payload).unwrap();
            heard.entry((message.topic.to_string(), message.qos)).or_default().push(payload);
        }
    }
}

/// Alice posts until all of it was heard of. `chances` decide what gets lost, comes later or comes twice, and when the disk
/// is full.
fn run(messages: &[Sent], chances: &[u8], crashes: bool) -> Result<(), TestCaseError> {
    let (mut alice, mut bob) = (Alice::new(messages), Bob::new());
    let (mut texts, mut heard, mut on_the_way) = (HashMap::new(), Heard::new(), Vec::new());
    let mut chances = chances.iter().copied().chain(std::iter::repeat(0));
    let mut chance = || chances.next().unwrap_or(0);
    let mut rounds = 0;
    while let Some(lowest) = alice.unsettled() {
        rounds += 1;
        prop_assert!(rounds < 2000, "it does not come to an end");
        for index in (lowest..alice.frames.len().min(lowest + 6)).filter(|index| !alice.heard[*index]) {
            let text = alice.text(&mut texts, index);
            for _ in 0..[1, 0, 1, 2][usize::from(chance() % 4)] {
                on_the_way.push((bob.next_post, text.clone()));
                bob.next_post += 1;
            }
        }
        let mut batch = Vec::new();
        on_the_way.retain(|(number, text)| {
            let arrives = chance() % 3 != 1;
            if arrives {
                let content = FoundContent::Text { text: text.clone(), public: false };
                batch.push(Found { number: PostNumber(*number), content });
            }
            !arrives
        });
        if crashes && chance() % 3 == 1 {
            bob.store.set_budget(Some(u32::from(chance() % 3)));
        }
        let now = bob.now();
        let found: Vec<(u32, Found)> = batch.iter().map(|found| (found.number.0, found.clone())).collect();
        if bob.incoming.handle_posts(&super::alice(), batch, now).is_err() {
            // The node still has them.
            on_the_way.extend(found.into_iter().map(|(number, found)| match found.content {
                FoundContent::Text { text, .. } => (number, text),
                FoundContent::Nothing => unreachable!(),
            }));
        }
        if chance() % 2 == 0 {
            deliver_all(&mut bob, &mut heard);
        }
        bob.store.set_budget(None);
        if crashes && chance() % 4 == 1 {
            bob.restart();
        }
        if chance() % 3 != 1
            && let Some((arrived, _)) = bob.receipt()
        {
            bob.tell();
            alice.hear(&arrived);
        }
    }
    while bob.incoming.poll_timeout().is_some() {
        let now = bob.now();
        bob.incoming.poll(now).unwrap();
    }
    deliver_all(&mut bob, &mut heard);
    let mut expected = Heard::new();
    for (number, message) in (1..).zip(messages) {
        let qos = if message.exactly_once { Qos::ExactlyOnce } else { Qos::AtLeastOnce };
        let payload = entry_payload(number);
        expected.entry((format!("doors/{}", message.topic), qos)).or_default().push(payload);
    }
    prop_assert_eq!(heard, expected);
    let nothing_left = |tx: &Transaction<'_>| {
        tx.query_row("SELECT (SELECT count(*) FROM held_frame) + (SELECT count(*) FROM awaited)", [], |row| row.get(0))
    };
    prop_assert_eq!(bob.store.run::<u32, _>(nothing_left).unwrap(), 0);
    Ok(())
}

fn entry_payload(number: u64) -> String {
    let Content::Whole(payload) = entry(number).content else { unreachable!() };
    String::from_utf8(payload).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_message_arrives_once_and_in_order_whatever_the_way_does_to_frames(
        messages in proptest::collection::vec(sent(), 1..40),
        chances in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        run(&messages, &chances, false)?;
    }

    #[test]
    fn each_message_arrives_once_and_in_order_however_often_the_program_is_killed(
        messages in proptest::collection::vec(sent(), 1..40),
        chances in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        run(&messages, &chances, true)?;
    }
}
