internal import Crypto

/// Finds the one byte of a sealed record that was changed, by trying what it may have been: the
/// record whose digest matches again is, for all practical purposes, the one that was sealed.
package enum DamageSearch {
    /// More bytes than this are not hashed for one record: about a second. It is enough for a
    /// flipped bit in 11 KB, and for any other byte in 2 KB.
    package static let largestEffort = 512 << 20

    /// A byte that was changed, and what it was.
    package struct Damage: Sendable, Hashable {
        /// Position in the record.
        package let offset: Int
        package let original: UInt8
    }

    /// Nil if more than one byte was changed, or if the record is too large to try.
    ///
    /// - Parameter bytes: a whole record whose digest does not match.
    package static func find(_ bytes: [UInt8]) -> Damage? {
        guard bytes.count > 70 else { return nil }
        let digestStart = bytes.count - 32
        let body = Array(bytes[5..<digestStart])
        let computed = SealedRecord.digest(body[...])
        // A byte of the digest itself.
        let differing = (0..<32).filter { bytes[digestStart + $0] != computed.bytes[$0] }
        if let only = differing.first, differing.count == 1 {
            return Damage(offset: digestStart + only, original: computed.bytes[only])
        }
        // All 255 other values of each byte if that is affordable, else one flipped bit.
        let perValue = body.count * (body.count / 2 + 64)
        let masks: [UInt8]
        if 255 * perValue <= largestEffort {
            masks = Array(1...255)
        } else if 8 * perValue <= largestEffort {
            masks = (0..<8).map { 1 << $0 }
        } else {
            return nil
        }
        return search(body, Array(bytes[digestStart...]), masks)
    }

    private static func search(
        _ body: [UInt8], _ digest: [UInt8], _ masks: [UInt8]
    ) -> Damage? {
        var before = SHA256()
        before.update(data: SealedRecord.domain)
        for index in body.indices {
            let rest = body[(index + 1)...]
            for mask in masks {
                var hash = before
                hash.update(data: [body[index] ^ mask])
                rest.withUnsafeBytes { hash.update(bufferPointer: $0) }
                if hash.finalize().elementsEqual(digest) {
                    return Damage(offset: 5 + index, original: body[index] ^ mask)
                }
            }
            before.update(data: [body[index]])
        }
        return nil
    }
}
