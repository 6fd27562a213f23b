/// The highest sequences a state has applied, each with the version it made: at most 64 (R5).
struct SequenceRing: Hashable, Sendable {
    static let capacity = 64

    struct Entry: Hashable, Sendable {
        var sequence: UInt64
        var version: UInt64
    }

    /// Ascending by sequence.
    private(set) var entries: [Entry] = []

    init() {}

    /// `entries` are ascending and at most 64.
    init(_ entries: [Entry]) { self.entries = entries }

    var highest: UInt64 { entries.last?.sequence ?? 0 }

    enum Standing { case new, applied, unknown }

    /// What the ring knows of a sequence that is delivered again.
    func standing(of sequence: UInt64) -> Standing {
        guard let first = entries.first, let last = entries.last else { return .new }
        if sequence > last.sequence { return .new }
        if contains(sequence) { return .applied }
        return entries.count < SequenceRing.capacity || sequence > first.sequence ? .new : .unknown
    }

    mutating func insert(_ sequence: UInt64, version: UInt64) {
        let entry = Entry(sequence: sequence, version: version)
        var position = entries.count
        while position > 0, entries[position - 1].sequence > sequence { position -= 1 }
        guard entries.count == SequenceRing.capacity else {
            entries.insert(entry, at: position)
            return
        }
        guard position > 0 else { return }
        // The first gives way: those up to the place move by one.
        entries.withUnsafeMutableBufferPointer { entries in
            guard let start = entries.baseAddress else { return }
            start.update(from: start + 1, count: position - 1)
            entries[position - 1] = entry
        }
    }

    private func contains(_ sequence: UInt64) -> Bool {
        entries.contains { $0.sequence == sequence }
    }
}
