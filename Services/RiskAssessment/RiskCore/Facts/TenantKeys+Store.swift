public import Storage

extension TenantKeys {
    private static let secretKey = Array("tenant_secret".utf8)
    /// Bytes of a secret, as many as of the hash that it is the key of.
    public static let secretBytes = 32

    /// The keys of an installation that has no secret of its own: made once, then kept beside the
    /// head of the log.
    public static func kept(
        in store: any KeyValueStore, orElse secret: () -> [UInt8]
    ) throws(StorageError) -> TenantKeys {
        if let kept = try store.get(secretKey, in: DecisionLog.meta) {
            return TenantKeys(secret: kept)
        }
        let secret = secret()
        precondition(secret.count == secretBytes, "a secret has 32 bytes")
        var batch = WriteBatch()
        batch.put(secretKey, secret, in: DecisionLog.meta)
        try store.write([batch], sync: true)
        return TenantKeys(secret: secret)
    }

    /// Nil unless the text is 64 hexadecimal digits, with or without space around.
    public convenience init?(hexadecimal text: String) {
        let digits = text.utf8.filter { $0 > 0x20 }
        guard digits.count == 2 * Self.secretBytes else { return nil }
        var secret: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index...(index + 1)], as: UTF8.self)
            guard pair.utf8.first != 0x2B, let byte = UInt8(pair, radix: 16) else { return nil }
            secret.append(byte)
        }
        self.init(secret: secret)
    }
}
