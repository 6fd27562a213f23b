internal import Crypto
internal import Foundation
internal import Synchronization

/// HMAC-SHA-256 of contact data under a tenant's key: the same address gives the same text, and
/// nobody without the key can find the address again by trying.
struct KeyedHash: Sendable {
    private let key: SymmetricKey

    /// - Parameter key: The tenant's, see `TenantKeys`.
    init(key: SymmetricKey) { self.key = key }

    /// 64 hexadecimal digits. The kind keeps an address from having the hash of a number that is
    /// spelt alike.
    func text(of kind: StaticString, _ value: String) -> String {
        var code = HMAC<SHA256>(key: key)
        code.update(
            data: UnsafeRawBufferPointer(start: kind.utf8Start, count: kind.utf8CodeUnitCount))
        var value = value
        value.withUTF8 { bytes in
            withUnsafeBytes(of: UInt8(0)) { code.update(data: $0) }
            code.update(data: UnsafeRawBufferPointer(bytes))
        }
        return code.finalize().withUnsafeBytes(Self.hexadecimal)
    }

    /// Two digits a byte, in lower case.
    static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                text[index * 2] = digit(byte >> 4)
                text[index * 2 + 1] = digit(byte & 15)
            }
            return bytes.count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}

/// The keys of tenants, derived from one secret of the installation, so that hashes of one tenant
/// say nothing to another.
public final class TenantKeys: Sendable {
    private static let maximumKept = 1_024
    private let secret: SymmetricKey
    private let kept = Mutex<[String: SymmetricKey]>([:])

    /// - Parameter secret: 32 bytes or more that stay the same for the life of the installation:
    ///   hashes made under another match nothing.
    public init(secret: [UInt8]) { self.secret = SymmetricKey(data: secret) }

    func key(of tenant: String) -> SymmetricKey {
        if let key = kept.withLock({ $0[tenant] }) { return key }
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("assay tenant key\0\(tenant)".utf8), using: secret)
        let key = SymmetricKey(data: Data(code))
        kept.withLock { kept in
            if kept.count >= Self.maximumKept { kept.removeAll() }
            kept[tenant] = key
        }
        return key
    }

    func hashes(of tenant: String) -> KeyedHash { KeyedHash(key: key(of: tenant)) }
}
