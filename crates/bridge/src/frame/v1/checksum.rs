//! The lower half of CRC-32, which tells a damaged frame, or one of another dictionary, from a good one.

/// What each byte does to the checksum, with the polynomial of Ethernet and ZIP.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// CRC-32 as Ethernet and ZIP have it, modulo 65536.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc = crc >> 8 ^ TABLE[(crc as u8 ^ byte) as usize];
    }
    (!crc & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_lower_half_of_the_well_known_crc_32() {
        assert_eq!(super::checksum(b"123456789"), 0x3926);
    }
}
