internal import COpenSSL
internal import Synchronization

/// The keys of a server's session tickets: made at random, replaced every hour, honoured for one more
/// (RFC 5077 §5.5). They live and die with their context, so a ticket outlives no certificate that
/// was replaced.
final class TicketKeys: Sendable {
    struct Key: Sendable, Equatable {
        let name: [UInt8]
        let encryption: [UInt8]
        let authentication: [UInt8]
        let madeAt: Int64
    }

    static let nameBytes = 16
    /// Seconds for which a key makes tickets, and then for which it is still honoured.
    static let life: Int64 = 3600

    private let keys = Mutex<(current: Key, previous: Key?)?>(nil)

    /// The key that makes tickets now.
    func current(at now: Int64) -> Key? {
        keys.withLock { keys in
            if let keys, now < keys.current.madeAt + Self.life { return keys.current }
            guard let fresh = Self.make(at: now) else { return nil }
            keys = (fresh, keys?.current)
            return fresh
        }
    }

    /// The key that made a ticket; nil if it is too old, or not ours.
    func key(named name: [UInt8], at now: Int64) -> Key? {
        keys.withLock { keys in
            [keys?.current, keys?.previous].compactMap(\.self).first {
                $0.name == name && now < $0.madeAt + 2 * Self.life
            }
        }
    }

    private static func make(at now: Int64) -> Key? {
        var random = [UInt8](repeating: 0, count: nameBytes + 64)
        guard RAND_bytes(&random, Int32(random.count)) == 1 else { return nil }
        return Key(
            name: Array(random[..<nameBytes]),
            encryption: Array(random[nameBytes..<nameBytes + 32]),
            authentication: Array(random[(nameBytes + 32)...]), madeAt: now)
    }
}

/// `SSL_CTX_set_tlsext_ticket_key_evp_cb`: finds the context's `TicketKeys`.
enum TicketProtection {
    static let contextIndex = assay_ssl_ctx_ex_index()

    static let callback:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?,
            OpaquePointer?, OpaquePointer?, Int32
        ) -> Int32 = { ssl, name, vector, cipher, authentication, isMaking in
            guard let ssl, let name, let vector,
                let context = SSL_get_SSL_CTX(ssl),
                let pointer = SSL_CTX_get_ex_data(context, contextIndex)
            else { return -1 }
            let keys = Unmanaged<TicketKeys>.fromOpaque(pointer).takeUnretainedValue()
            let now = Int64(time(nil))
            if isMaking == 1 {
                guard let key = keys.current(at: now), RAND_bytes(vector, 16) == 1 else {
                    return -1
                }
                name.update(from: key.name, count: TicketKeys.nameBytes)
                return prepare(key, cipher, authentication, vector, isMaking: true) ? 1 : -1
            }
            let wanted = Array(UnsafeBufferPointer(start: name, count: TicketKeys.nameBytes))
            // 0: a full handshake. 2: resumed, with a new ticket.
            guard let key = keys.key(named: wanted, at: now) else { return 0 }
            guard prepare(key, cipher, authentication, vector, isMaking: false) else { return -1 }
            return key == keys.current(at: now) ? 1 : 2
        }

    private static func prepare(
        _ key: TicketKeys.Key, _ cipher: OpaquePointer?, _ authentication: OpaquePointer?,
        _ vector: UnsafeMutablePointer<UInt8>, isMaking: Bool
    ) -> Bool {
        let isKeyed =
            isMaking
            ? EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.encryption, vector)
            : EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.encryption, vector)
        return isKeyed == 1
            && assay_mac_set_sha256_key(authentication, key.authentication, 32) == 1
    }
}
