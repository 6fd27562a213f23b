internal import Redis

/// The right to be the one keeper of a shared store, for ten seconds at a time.
///
/// Each change of owner has a higher number. What a keeper does that another must not undo carries
/// the number, and the shared store refuses a lower one than it has seen: so a keeper that slept
/// through the end of its lease does no harm.
struct KeeperLease: Sendable {
    static let length: Duration = .seconds(10)

    let number: UInt64

    /// As scripts compare it: 20 digits.
    var fence: [UInt8] {
        let digits = Array("\(number)".utf8)
        return Array(repeating: UInt8(ascii: "0"), count: 20 - digits.count) + digits
    }

    /// Takes or renews the lease; nil while another owner has it.
    static func acquire(
        _ redis: any RedisSender, owner: String, timeout: Duration
    ) async throws -> KeeperLease? {
        let reply = try await redis.send(
            SharedScripts.lease.command(
                keys: [SharedKeys.lease, SharedKeys.fence],
                [Array(owner.utf8), Array("\(length.milliseconds)".utf8)]), timeout: timeout)
        if let error = reply.error { throw error }
        guard let number = reply.text.flatMap(UInt64.init) else { return nil }
        return KeeperLease(number: number)
    }
}
