internal import Synchronization

/// How many requests ended how. Every label is from a table of ours, none from a request.
public final class GatewayCounters: Sendable {
    public struct Key: Sendable, Hashable {
        public var method: String
        public var status: String
        public var reason: String
    }

    private let counts = Mutex<[Key: Int]>([:])

    public init() {}

    func count(_ entry: AccessLogEntry) {
        let key = Key(
            method: entry.method, status: entry.status.description, reason: entry.reason)
        counts.withLock { counts in
            // Methods, codes and reasons are few; the bound only guards against a bug of ours.
            if counts.count < 4096 || counts[key] != nil { counts[key, default: 0] += 1 }
        }
    }

    /// In a stable order.
    public func all() -> [(key: Key, count: Int)] {
        counts.withLock { Array($0) }
            .map { (key: $0.key, count: $0.value) }
            .sorted {
                ($0.key.method, $0.key.status, $0.key.reason)
                    < ($1.key.method, $1.key.status, $1.key.reason)
            }
    }
}
