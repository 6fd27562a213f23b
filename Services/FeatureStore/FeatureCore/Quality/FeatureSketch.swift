internal import AssayMessages
internal import FeatureEngine

/// What was served of one feature in some span of time: sketches of spans and servers add up.
struct FeatureSketch: Hashable, Sendable {
    /// Codes of a category that are counted one by one.
    static let maximumCategories = 1_024

    /// By status class.
    private(set) var classes = [UInt64](repeating: 0, count: 6)
    private(set) var stale: UInt64 = 0
    private(set) var approximate: UInt64 = 0
    private(set) var eventual: UInt64 = 0
    private(set) var incomplete: UInt64 = 0
    /// Values that are not a number, whatever their class.
    private(set) var missing: UInt64 = 0
    private(set) var zeros: UInt64 = 0
    private(set) var sum = 0.0
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity
    /// Of the values that say something: present or empty, and a number.
    private(set) var histogram = ValueHistogram()
    /// By code, of a category.
    private(set) var categories: [UInt64] = []

    var count: UInt64 { classes.reduce(0, saturating) }

    /// How many of the values are in the histogram.
    var numbers: UInt64 { histogram.total }

    /// Nil without a number.
    var mean: Double? { numbers == 0 ? nil : sum / Double(numbers) }

    /// The part of the values that say nothing of the world: not a number, or of a class that
    /// gives the default.
    var nullRate: Double { count == 0 ? 0 : Double(count - min(count, numbers)) / Double(count) }

    var staleRate: Double { count == 0 ? 0 : Double(stale) / Double(count) }

    init() {}

    mutating func add(_ value: Double, status byte: UInt8, isCategory: Bool) {
        withUnsafePointer(to: value) { value in
            withUnsafePointer(to: byte) { byte in
                add(
                    UnsafeBufferPointer(start: value, count: 1),
                    UnsafeBufferPointer(start: byte, count: 1), from: 0, by: 1,
                    isCategory: isCategory)
            }
        }
    }

    /// Takes every `width`-th value from `first` on, with its status: there are as many of both.
    mutating func add(
        _ values: UnsafeBufferPointer<Double>, _ status: UnsafeBufferPointer<UInt8>,
        from first: Int, by width: Int, isCategory: Bool
    ) {
        // What lies in a row is often of one class and in one bucket: counted together.
        var (kind, ofKind): (UInt8, UInt64) = (0, 0)
        var (bucket, inBucket): (UInt16, UInt64) = (0, 0)
        var index = first
        while index < values.count {
            let (value, byte) = (values[index], status[index])
            index += width
            if byte & 7 != kind {
                count(kind, ofKind)
                (kind, ofKind) = (byte & 7, 0)
            }
            ofKind &+= 1
            if byte & 0x78 != 0 { count(Status.Flags(rawValue: byte)) }
            guard let counted = number(value, kind) else { continue }
            let own = ValueHistogram.bucket(counted)
            if own != bucket {
                histogram.add(bucket, inBucket)
                (bucket, inBucket) = (own, 0)
            }
            inBucket &+= 1
            if isCategory { countCategory(counted) }
        }
        count(kind, ofKind)
        histogram.add(bucket, inBucket)
    }

    private mutating func count(_ kind: UInt8, _ times: UInt64) {
        classes[min(Int(kind), 5)] &+= times
    }

    /// Counts a value as a number if it is one that says something, and returns it.
    @inline(__always)
    private mutating func number(_ value: Double, _ kind: UInt8) -> Double? {
        guard !value.isNaN else {
            missing &+= 1
            return nil
        }
        // Absent, unavailable, withheld or in error, a value is its default.
        guard kind <= Status.Class.empty.rawValue, value.isFinite else { return nil }
        if value == 0 { zeros &+= 1 }
        sum += value
        if value < minimum { minimum = value }
        if value > maximum { maximum = value }
        // The two zeros are one value.
        return value == 0 ? 0 : value
    }

    private mutating func count(_ flags: Status.Flags) {
        if flags.contains(.stale) { stale &+= 1 }
        if flags.contains(.approximate) { approximate &+= 1 }
        if flags.contains(.eventual) { eventual &+= 1 }
        if flags.contains(.incomplete) { incomplete &+= 1 }
    }

    private mutating func countCategory(_ value: Double) {
        guard let code = Int(exactly: value), (0..<Self.maximumCategories).contains(code) else {
            return
        }
        while categories.count <= code { categories.append(0) }
        categories[code] &+= 1
    }

    mutating func merge(_ other: FeatureSketch) {
        for index in classes.indices {
            classes[index] = saturating(classes[index], other.classes[index])
        }
        stale = saturating(stale, other.stale)
        approximate = saturating(approximate, other.approximate)
        eventual = saturating(eventual, other.eventual)
        incomplete = saturating(incomplete, other.incomplete)
        missing = saturating(missing, other.missing)
        zeros = saturating(zeros, other.zeros)
        sum += other.sum
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        histogram.merge(other.histogram)
        while categories.count < other.categories.count { categories.append(0) }
        for (code, count) in other.categories.enumerated() {
            categories[code] = saturating(categories[code], count)
        }
    }

    /// The codes seen most often, the most frequent first.
    func topCategories(_ limit: Int = 32) -> [(code: Int, count: UInt64)] {
        let seen = categories.enumerated().filter { $0.element > 0 }
        return seen.sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(limit)
            .map { ($0.offset, $0.element) }
    }
}

extension FeatureSketch {
    func message(named name: String) -> AssayFeaturesV1.FeatureStatistics {
        let buckets = histogram.buckets
        return AssayFeaturesV1.FeatureStatistics(
            feature: name, statuses: classes, stale: stale, approximate: approximate,
            eventual: eventual, incomplete: incomplete, missing: missing, zeros: zeros, sum: sum,
            minimum: numbers > 0 ? minimum : nil, maximum: numbers > 0 ? maximum : nil,
            buckets: buckets.map { UInt32($0.bucket) }, counts: buckets.map(\.count),
            categories: categories)
    }

    /// What does not fit, such as a bucket without a count, is left out.
    init(_ message: AssayFeaturesV1.FeatureStatistics) {
        self.init()
        for (index, count) in message.statuses.enumerated() where index < classes.count {
            classes[index] = count
        }
        stale = message.stale
        approximate = message.approximate
        eventual = message.eventual
        incomplete = message.incomplete
        missing = message.missing
        zeros = message.zeros
        sum = message.sum
        minimum = message.minimum ?? .infinity
        maximum = message.maximum ?? -.infinity
        for (bucket, count) in zip(message.buckets, message.counts) {
            if let bucket = UInt16(exactly: bucket) { histogram.add(bucket, count) }
        }
        categories = Array(message.categories.prefix(Self.maximumCategories))
    }
}
