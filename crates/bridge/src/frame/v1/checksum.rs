//! The lower half of CRC-32, which tells a damaged frame, or one of another dictionary, from a good one.

/// CRC-32 as Ethernet and ZIP have it, modulo 65536.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    (!crc & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_lower_half_of_the_well_known_crc_32() {
        assert_eq!(super::checksum(b"123456789"), 0x3926);
    }
}
