/// The pseudonym of an entity (pid): stands for it in storage keys, blobs and rows.
package struct StateKey: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    /// Stands for the subject of what belongs to nobody: no pseudonym is known that is all zeros.
    static let nobody = StateKey(high: 0, low: 0)

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Nil unless there are 16 bytes.
    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Its 16 bytes.
    package var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(low) }

    /// Its bits are even already, and nobody who lacks the key can choose them: tables need no other hash
    /// than these, mixed with their seed.
    package func _rawHashValue(seed: Int) -> Int {
        let mixed = (low ^ UInt64(bitPattern: Int64(seed))) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed ^ mixed >> 32)
    }
}
