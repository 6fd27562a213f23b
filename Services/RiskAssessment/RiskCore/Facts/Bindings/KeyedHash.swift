internal import Crypto
internal import Foundation
internal import Synchronization

/// HMAC-SHA-256 of contact data under a tenant's key: the same address gives the same text, and
/// nobody without the key can find the address again by trying.
struct KeyedHash: Sendable {
    /// HMAC (RFC 2104) with the two blocks of the key done, which a copy saves.
    private let inner: SHA256
    private let outer: SHA256

    /// - Parameter key: At most 64 bytes; the tenant's, see `TenantKeys`.
    init(key: [UInt8]) {
        precondition(key.count <= SHA256.blockByteCount, "the key of a hash is too long")
        let block = key + [UInt8](repeating: 0, count: SHA256.blockByteCount - key.count)
        var (inner, outer) = (SHA256(), SHA256())
        inner.update(data: block.map { $0 ^ 0x36 })
        outer.update(data: block.map { $0 ^ 0x5C })
        self.inner = inner
        self.outer = outer
    }

    /// 64 hexadecimal digits. The kind keeps an address from having the hash of a number that is
    /// spelt alike.
    func text(of kind: StaticString, _ value: String) -> String {
        var hash = inner
        hash.update(
            bufferPointer: UnsafeRawBufferPointer(
                start: kind.utf8Start, count: kind.utf8CodeUnitCount))
        var value = value
        value.withUTF8 { bytes in
            withUnsafeBytes(of: UInt8(0)) { hash.update(bufferPointer: $0) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
        }
        return finish(hash)
    }

    /// 64 hexadecimal digits.
    func text(of message: [UInt8]) -> String {
        var hash = inner
        message.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return finish(hash)
    }

    private func finish(_ hash: SHA256) -> String {
        var whole = outer
        hash.finalize().withUnsafeBytes { whole.update(bufferPointer: $0) }
        return whole.finalize().withUnsafeBytes(Self.hexadecimal)
    }

    /// Two digits a byte, in lower case.
    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
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
    private let kept = Mutex<[String: KeyedHash]>([:])

    /// - Parameter secret: 32 bytes or more that stay the same for the life of the installation:
    ///   hashes made under another match nothing.
    public init(secret: [UInt8]) { self.secret = SymmetricKey(data: secret) }

    /// What hashes contacts and names devices of a tenant.
    func hashes(of tenant: String) -> KeyedHash {
        if let hash = kept.withLock({ $0[tenant] }) { return hash }
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("assay tenant key\0\(tenant)".utf8), using: secret)
        let hash = KeyedHash(key: code.withUnsafeBytes { Array($0) })
        kept.withLock { kept in
            if kept.count >= Self.maximumKept { kept.removeAll() }
            kept[tenant] = hash
        }
        return hash
    }
}
