/// A number as an unsigned integer of the same order, so that thresholds are compared, sorted and
/// searched as integers. Both zeros have one key.
protocol RankKey: FixedWidthInteger, UnsignedInteger, BitwiseCopyable, Sendable {
    init(ordering value: Double)

    /// A row's value in a column: its key, or that it is missing.
    static func entry<Value: BinaryFloatingPoint>(
        _ row: UnsafePointer<Value>, _ column: RankTable.Column
    ) -> (key: Self, isMissing: Bool)

    /// The largest key that goes left at a threshold: at or below `value`, or below it.
    static func lastLeft(of value: Double, excluding: Bool) -> Self
}

extension UInt32: RankKey {
    /// For float32 profiles: rounds to nearest even.
    @inline(__always)
    static func entry<Value: BinaryFloatingPoint>(
        _ row: UnsafePointer<Value>, _ column: RankTable.Column
    ) -> (key: UInt32, isMissing: Bool) {
        let value = Float(row[Int(column.input)])
        let bits = (value + 0).bitPattern
        let key = bits ^ (UInt32(bitPattern: Int32(bitPattern: bits) &>> 31) | 0x8000_0000)
        return (key, value.isNaN)
    }

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
    /// For LightGBM: whatever is not above its zero in magnitude is zero.
    @inline(__always)
    static func entry<Value: BinaryFloatingPoint>(
        _ row: UnsafePointer<Value>, _ column: RankTable.Column
    ) -> (key: UInt64, isMissing: Bool) {
        let value = Double(row[Int(column.input)])
        let isNaN = value.isNaN
        let isZero = abs(value) <= NumericProfile.lightgbmZero
        let bits = isNaN || isZero ? 0 : value.bitPattern
        let key = bits ^ (UInt64(bitPattern: Int64(bitPattern: bits) &>> 63) | 1 &<< 63)
        return (key, isNaN && column.nanIsMissing || isZero && column.zeroIsMissing)
    }

    @inline(__always)
    init(ordering value: Double) {
        let bits = (value + 0).bitPattern
        self = bits ^ (UInt64(bitPattern: Int64(bitPattern: bits) >> 63) | 1 << 63)
    }

    static func lastLeft(of value: Double, excluding: Bool) -> UInt64 {
        UInt64(ordering: value) &- (excluding ? 1 : 0)
    }
}
