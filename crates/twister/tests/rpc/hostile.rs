//! Replies as no node would give them: the checks of the fuzz targets in `fuzz/`, in small.

#[path = "../../../../fuzz/src/damage.rs"]
mod damage;
#[path = "../../../../fuzz/src/rpc.rs"]
mod rpc;

use damage::Damage;
use twister::hex;

use crate::support::recordings;

#[test]
fn a_damaged_reply_is_refused_or_read_and_its_posts_keep_their_bytes() {
    let mut damage = Damage::new(0x2545_f491_4f6c_dd1d);
    for recording in recordings() {
        let body = recording.response.to_string().into_bytes();
        rpc::check_reply(recording.status, &body);
        for _ in 0..40 {
            rpc::check_reply(recording.status, &damage.damaged(&body));
        }
    }
}

#[test]
fn a_damaged_post_is_no_bencode_or_read_as_some_that_can_be_written_again() {
    let mut damage = Damage::new(1);
    let recordings = recordings();
    let posts = recordings.iter().filter(|recording| recording.method() == "newpostraw");
    for post in posts.filter_map(|recording| hex::decode(recording.params()[2].as_str()?)) {
        rpc::check_bencode(&post);
        for _ in 0..500 {
            rpc::check_bencode(&damage.damaged(&post));
        }
    }
}
