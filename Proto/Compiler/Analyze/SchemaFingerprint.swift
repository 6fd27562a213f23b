internal import Crypto

/// SHA-256 of a text about the schema.
struct SchemaFingerprint: Sendable, Hashable {
    let bytes: [UInt8]

    init(of text: String) { self.init(of: Array(text.utf8)) }

    init(of text: [UInt8]) {
        bytes = Array(SHA256.hash(data: text))
    }

    /// 64 lower-case hex digits.
    var hex: String {
        bytes.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    /// The first 64 bits, as the handshake sends them.
    var prefix: UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
