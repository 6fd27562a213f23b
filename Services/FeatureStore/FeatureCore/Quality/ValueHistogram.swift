/// Counts of numbers in buckets a sixteenth of an octave wide, of either sign.
///
/// A bucket is the upper 16 bits of a double: sign, exponent and four bits of the fraction. So
/// shares below 1 are told apart as well as amounts in millions, whole numbers up to 32 have a
/// bucket each, no logarithm is taken, and histograms of any hours and servers add up exactly.
struct ValueHistogram: Hashable, Sendable {
    /// Open addressing; a count of 0 is a free place.
    private var keys: [UInt16] = []
    private var counts: [UInt64] = []
    private(set) var bucketCount = 0

    /// Values counted.
    private(set) var total: UInt64 = 0

    static func bucket(_ value: Double) -> UInt16 {
        UInt16(truncatingIfNeeded: value.bitPattern >> 48)
    }

    /// The edge of a bucket that is nearest to zero.
    static func edge(_ bucket: UInt16) -> Double { Double(bitPattern: UInt64(bucket) << 48) }

    mutating func add(_ value: Double) { add(Self.bucket(value), 1) }

    mutating func add(_ bucket: UInt16, _ count: UInt64) {
        guard count > 0 else { return }
        if bucketCount * 2 >= keys.count { grow() }
        let place = place(of: bucket)
        if counts[place] == 0 {
            keys[place] = bucket
            bucketCount += 1
        }
        counts[place] = saturating(counts[place], count)
        total = saturating(total, count)
    }

    mutating func merge(_ other: ValueHistogram) {
        for place in other.keys.indices where other.counts[place] > 0 {
            add(other.keys[place], other.counts[place])
        }
    }

    func count(_ bucket: UInt16) -> UInt64 {
        keys.isEmpty ? 0 : counts[place(of: bucket)]
    }

    /// Ascending by value.
    var buckets: [(bucket: UInt16, count: UInt64)] {
        keys.indices.filter { counts[$0] > 0 }.map { (keys[$0], counts[$0]) }
            .sorted { Self.rank($0.0) < Self.rank($1.0) }
    }

    /// Buckets in the order of their values: negative ones run backwards.
    static func rank(_ bucket: UInt16) -> Int {
        bucket & 0x8000 == 0 ? Int(bucket) + 0x8000 : 0xFFFF - Int(bucket)
    }

    private func place(of bucket: UInt16) -> Int {
        let mask = keys.count - 1
        // Neighbours fall into neighbouring places, which are seldom taken by others.
        var place = Int(bucket) & mask
        while counts[place] > 0, keys[place] != bucket { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let (oldKeys, oldCounts) = (keys, counts)
        let size = max(16, keys.count * 2)
        keys = [UInt16](repeating: 0, count: size)
        counts = [UInt64](repeating: 0, count: size)
        for old in oldKeys.indices where oldCounts[old] > 0 {
            let place = place(of: oldKeys[old])
            keys[place] = oldKeys[old]
            counts[place] = oldCounts[old]
        }
    }

    static func == (a: ValueHistogram, b: ValueHistogram) -> Bool {
        a.total == b.total && a.bucketCount == b.bucketCount
            && a.buckets.elementsEqual(b.buckets) { $0 == $1 }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(total) }
}

func saturating(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
}
