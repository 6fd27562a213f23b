internal import Crypto
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Nonces of AES-GCM: random, each given out once. The system is asked for several at a time: to ask for
/// one takes longer than to seal the fields of a row with it.
final class RandomNonces: Sendable {
    static let shared = RandomNonces()

    static let size = 12
    /// As many as `getentropy` gives at once, which are 256 bytes.
    private static let madeTogether = 21

    /// What is left of the system's bytes.
    private let bytes = Mutex<[UInt8]>([])

    func next() throws -> AES.GCM.Nonce { try AES.GCM.Nonce(data: nextBytes()) }

    /// They leave the list as they are given out.
    private func nextBytes() -> [UInt8] {
        bytes.withLock { bytes in
            if bytes.isEmpty { bytes = Self.random(Self.size * Self.madeTogether) }
            defer { bytes.removeLast(Self.size) }
            return Array(bytes.suffix(Self.size))
        }
    }

    private static func random(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let result = buffer.baseAddress.map { getentropy($0, count) }
            precondition(result == 0, "the system gives no random bytes")
            filled = count
        }
    }
}
