internal import RPC

/// Names of keys that an issuer did not have when it was asked, so that nobody asks again for them.
///
/// All are remembered equally long, so the oldest is also the one that ends first: a queue is enough.
struct UnknownKeyIDs: Sendable {
    static let capacity = 10_000
    static let life = Duration.seconds(60)

    private var ends: [String: Instant] = [:]
    private var queue: [String] = []
    private var oldest = 0

    var count: Int { ends.count }

    func contains(_ kid: String, at now: Instant) -> Bool { ends[kid].map { now < $0 } ?? false }

    mutating func insert(_ kid: String, at now: Instant) {
        if ends.updateValue(now + Self.life, forKey: kid) != nil { return }
        if queue.count < Self.capacity {
            queue.append(kid)
        } else {
            ends[queue[oldest]] = nil
            queue[oldest] = kid
            oldest = (oldest + 1) % Self.capacity
        }
    }

    mutating func removeAll() { self = UnknownKeyIDs() }
}
