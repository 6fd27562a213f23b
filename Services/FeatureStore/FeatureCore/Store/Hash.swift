internal import Crypto

enum Hash {
    static func sha256(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return Array(hash.finalize())
        }
    }

    /// Of words as they lie in memory, and bytes behind them.
    static func sha256(_ words: [UInt64], _ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        words.withUnsafeBytes { hash.update(bufferPointer: $0) }
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }

    /// The first 16 bytes of a SHA-256.
    struct Half: Hashable {
        let high: UInt64
        let low: UInt64

        init(_ bytes: UnsafeRawBufferPointer) {
            var hash = SHA256()
            hash.update(bufferPointer: bytes)
            (high, low) = hash.finalize().withUnsafeBytes { digest in
                (
                    UInt64(bigEndian: digest.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        }

        init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes { Half($0) } }

        init(_ text: String) {
            var text = text
            self = text.withUTF8 { Half(UnsafeRawBufferPointer($0)) }
        }

        /// As even as the digest itself.
        func hash(into hasher: inout Hasher) { hasher.combine(low) }
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: bytes)
            return Array(hash.finalize())
        }
    }
}
