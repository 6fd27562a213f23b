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

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: bytes)
            return Array(hash.finalize())
        }
    }
}
