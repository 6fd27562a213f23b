/// A number as an unsigned integer of the same order, so that thresholds are compared, sorted and
/// searched as integers. Both zeros have one key.
protocol RankKey: FixedWidthInteger, UnsignedInteger, BitwiseCopyable, Sendable {
    init(ordering value: Double)

    /// The largest key that goes left at a threshold: at or below `value`, or below it.
    static func lastLeft(of value: Double, excluding: Bool) -> Self
}

extension UInt32: RankKey {
    /// The value is a float32, widened.
    @inline(__always)
    init(ordering value: Double) {
        let bits = (Float(value) + 0).bitPattern
        self = bits ^ (UInt32(bitPattern: Int32(bitPattern: bits) >> 31) | 0x8000_0000)
    }

    static func lastLeft(of value: Double, excluding: Bool) -> UInt32 {
        // A float32 is at or below a float64 if it is at or below that number rounded down.
        let nearest = Float(value)
        let below = Double(nearest) > value ? nearest.nextDown : nearest
        let isExcluded = excluding && Double(below) == value
        return UInt32(ordering: Double(below)) &- (isExcluded ? 1 : 0)
    }
}

extension UInt64: RankKey {
    @inline(__always)
    init(ordering value: Double) {
        let bits = (value + 0).bitPattern
        self = bits ^ (UInt64(bitPattern: Int64(bitPattern: bits) >> 63) | 1 << 63)
    }

    static func lastLeft(of value: Double, excluding: Bool) -> UInt64 {
        UInt64(ordering: value) &- (excluding ? 1 : 0)
    }
}
