/// How much of the shadow log each shadow has.
struct ShadowLedger: Sendable {
    struct Entry: Sendable, Equatable {
        var rows = 0
        var bytes = 0
        /// Time of the oldest row, in milliseconds.
        var oldest: Int64 = .max
    }

    /// By the start of the shadow's keys.
    private(set) var entries: [[UInt8]: Entry] = [:]
    private(set) var bytes = 0

    subscript(prefix: [UInt8]) -> Entry { entries[prefix] ?? Entry() }

    mutating func add(_ prefix: [UInt8], bytes count: Int, at time: Int64) {
        var entry = self[prefix]
        entry.rows += 1
        entry.bytes += count
        entry.oldest = min(entry.oldest, time)
        entries[prefix] = entry
        bytes += count
    }

    /// - Parameter oldest: of what is left; nil if that is nothing.
    mutating func remove(_ prefix: [UInt8], rows: Int, bytes count: Int, oldest: Int64?) {
        guard var entry = entries[prefix] else { return }
        bytes -= oldest == nil ? entry.bytes : count
        entry.rows -= rows
        entry.bytes -= count
        entry.oldest = oldest ?? .max
        entries[prefix] = oldest == nil ? nil : entry
    }

    /// The start of the keys of a shadow that has rows older than a moment.
    func expired(before time: Int64) -> [UInt8]? {
        entries.filter { $0.value.oldest < time }.keys.min { $0.lexicographicallyPrecedes($1) }
    }

    /// The shadow that takes most of the log.
    var largest: [UInt8]? {
        entries.max {
            ($0.value.bytes, $1.key) < ($1.value.bytes, $0.key)
        }?.key
    }
}

private func < (a: (Int, [UInt8]), b: (Int, [UInt8])) -> Bool {
    a.0 != b.0 ? a.0 < b.0 : a.1.lexicographicallyPrecedes(b.1)
}
