internal import Synchronization

/// Limits of one address, before anyone knows who calls: in this process alone.
///
/// An address is one of IPv4, or the first half of one of IPv6, since that is what one customer of a
/// provider has. Failed logins count apart: over their limit only credentials pass that were verified
/// here in the last minute.
public final class AddressLimiter: Sendable {
    private let calls: RateLimitTable
    private let failures: RateLimitTable
    /// Until when a credential counts as verified lately.
    private let verified: RateLimitTable
    /// When the last address is out of the failures' table.
    private let lastFailure = Atomic<Int64>(.min)

    public init(seed: UInt64) {
        calls = RateLimitTable(seed: seed)
        failures = RateLimitTable(capacity: 65_536, seed: seed &+ 1)
        verified = RateLimitTable(capacity: 65_536, seed: seed &+ 2)
    }

    /// Where a call comes from: the peer, or whom a believed proxy names.
    struct Origin: Sendable, Hashable {
        fileprivate let number: UInt64
        fileprivate let isVersion4: Bool

        init(_ address: IPAddress) {
            isVersion4 = address.isVersion4
            number = UInt64(
                truncatingIfNeeded: address.isVersion4 ? address.bits : address.bits >> 64)
        }

        fileprivate func hash(_ seed: UInt64) -> UInt64 {
            var hash = KeyHash(seed)
            hash.add(UInt8(isVersion4 ? 4 : 6))
            hash.add(number: number)
            return hash.finished
        }
    }

    func admit(
        _ origin: Origin, _ limiter: GenericCellRateLimiter, now: Int64
    ) -> GenericCellRateLimiter.Decision {
        calls.decide(origin.hash(calls.seed), limiter, now: now)
    }

    // MARK: Failed logins

    /// Whether any address may be over the limit: if not, nobody needs to know where a call is from.
    func hasFailures(now: Int64) -> Bool { lastFailure.load(ordering: .relaxed) > now }

    /// Nil if the address may still try; else the nanoseconds until it may.
    func wait(_ origin: Origin, _ limiter: GenericCellRateLimiter, now: Int64) -> Int64? {
        let standing = failures.look(origin.hash(failures.seed), limiter, now: now)
        return standing.isAdmitted ? nil : standing.wait
    }

    func failed(_ origin: Origin, _ limiter: GenericCellRateLimiter, now: Int64) {
        let standing = failures.decide(origin.hash(failures.seed), limiter, now: now)
        let end = now.saturating(adding: standing.untilFull)
        var known = lastFailure.load(ordering: .relaxed)
        while known < end {
            let exchange = lastFailure.weakCompareExchange(
                expected: known, desired: end, ordering: .relaxed)
            if exchange.exchanged { break }
            known = exchange.original
        }
    }

    // MARK: Credentials that are good

    static let verifiedFor: Int64 = 60_000_000_000

    /// - Parameter credential: a hash of it that nobody can foresee.
    func verified(_ credential: UInt64, now: Int64) {
        verified.withPart(credential) { slots in
            let until = slots.arrival(of: credential, now: now) ?? now
            // Not with every call: once in a while is enough.
            guard until - now < Self.verifiedFor - Self.verifiedFor / 10 else { return }
            slots.put(credential, now + Self.verifiedFor, now: now)
        }
    }

    func wasVerified(_ credential: UInt64, now: Int64) -> Bool {
        verified.withPart(credential) { $0.holds(credential, now: now) }
    }
}

/// Which address a call is counted under.
struct OriginFinder: Sendable, Hashable {
    private let trusted: [AddressBlock]

    init(trusted: [AddressBlock]) { self.trusted = trusted }

    /// The peer's address. If it is a believed proxy's: the last one in `x-forwarded-for` that is not.
    /// Nil if there is none, as on a Unix socket.
    func address(peer: String, forwarded: @autoclosure () -> String?) -> IPAddress? {
        guard let address = IPAddress(peer: peer) else { return nil }
        guard isTrusted(address), let chain = forwarded() else {
            return address
        }
        var nearest = address
        for text in chain.split(separator: ",").reversed() {
            let name = text.drop { $0 == " " || $0 == "\t" }.reversed()
                .drop { $0 == " " || $0 == "\t" }.reversed()
            // What a believed proxy did not write is believed no further.
            guard let next = Self.address(String(name)) else { break }
            nearest = next
            if !isTrusted(next) { break }
        }
        return nearest
    }

    func origin(peer: String, forwarded: @autoclosure () -> String?) -> AddressLimiter.Origin? {
        address(peer: peer, forwarded: forwarded()).map(AddressLimiter.Origin.init)
    }

    /// Whether the peer is a believed proxy.
    func isProxy(peer: String) -> Bool {
        if trusted.isEmpty { return false }
        return IPAddress(peer: peer).map(isTrusted) ?? false
    }

    private static func address(_ text: String) -> IPAddress? {
        IPAddress(text) ?? IPAddress(peer: text)
    }

    private func isTrusted(_ address: IPAddress) -> Bool {
        trusted.contains { $0.contains(address) }
    }
}
