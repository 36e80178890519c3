//! Damages inputs: for the packages' own tests, which have no fuzzer. The same in every run.

/// A source of damage.
pub struct Damage(u64);

impl Damage {
    /// The damage that goes with a number.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A copy of `bytes` in which one to four places are damaged.
    pub fn damaged(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        for _ in 0..=self.below(4) {
            self.damage(&mut damaged);
        }
        damaged
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const ODD: [u8; 12] = [0, 1, 2, 127, 128, 255, b'"', b'{', b'[', b'9', b'-', b'~'];
        let at = self.below(bytes.len() + 1);
        let len = self.below(8).min(bytes.len() - at);
        match self.below(6) {
            0 if len > 0 => bytes[at] ^= 1 << self.below(8),
            1 if len > 0 => bytes[at] = ODD[self.below(ODD.len())],
            2 => bytes.insert(at, ODD[self.below(ODD.len())]),
            3 => drop(bytes.drain(at..at + len)),
            4 => bytes.truncate(at),
            _ => {
                let copied = bytes[at..at + len].to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
        }
    }

    /// A number below `end` (xorshift).
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}
