/// Numbers as integers of the same order, so that thresholds are sorted and searched as integers.
/// Both zeros have one key.
///
/// A row is searched by keys of 32 bits. For a profile of float32 they are the numbers themselves;
/// for LightGBM's float64 they are the upper halves, which decide unless they are equal.
enum OrderedKey {
    /// Below every number's.
    @inline(__always) static var missing: Int32 { .min }
    /// Above every number's.
    @inline(__always) static var beyond: Int32 { .max }

    static func single(_ value: Float) -> Int32 {
        let bits = Int32(bitPattern: (value + 0).bitPattern)
        return bits ^ (bits &>> 31 & .max)
    }

    static func double(_ value: Double) -> Int64 {
        let bits = Int64(bitPattern: (value + 0).bitPattern)
        return bits ^ (bits &>> 63 & .max)
    }

    @inline(__always)
    static func upper(_ key: Int64) -> Int32 { Int32(truncatingIfNeeded: key &>> 32) }

    /// The largest key that goes left at a threshold: at or below `value`, or below it.
    static func lastLeft(of value: Double, excluding: Bool, isSingle: Bool) -> Int64 {
        guard isSingle else { return double(value) - (excluding ? 1 : 0) }
        // A float32 is at or below a float64 if it is at or below that number rounded down.
        let nearest = Float(value)
        let below = Double(nearest) > value ? nearest.nextDown : nearest
        let isExcluded = excluding && Double(below) == value
        return Int64(single(below)) - (isExcluded ? 1 : 0)
    }
}

/// A width that rows come in.
protocol RowValue: BinaryFloatingPoint, SIMDScalar, Codable {
    /// Four of them, rounded to nearest even.
    static func singles(_ four: SIMD4<Self>) -> SIMD4<Float>
    static func doubles(_ four: SIMD4<Self>) -> SIMD4<Double>
}

extension Float: RowValue {
    @inline(__always)
    static func singles(_ four: SIMD4<Float>) -> SIMD4<Float> { four }
    @inline(__always)
    static func doubles(_ four: SIMD4<Float>) -> SIMD4<Double> {
        SIMD4(Double(four[0]), Double(four[1]), Double(four[2]), Double(four[3]))
    }
}

extension Double: RowValue {
    @inline(__always)
    static func singles(_ four: SIMD4<Double>) -> SIMD4<Float> {
        SIMD4(Float(four[0]), Float(four[1]), Float(four[2]), Float(four[3]))
    }
    @inline(__always)
    static func doubles(_ four: SIMD4<Double>) -> SIMD4<Double> { four }
}

extension OrderedKey {
    /// Keys of a row; NaN is `missing`.
    ///
    /// - Parameter keys: has room for the count rounded up to four.
    @inline(__always)
    static func fill<Value: RowValue>(
        _ keys: UnsafeMutablePointer<Int32>, from row: UnsafePointer<Value>, count: Int,
        isSingle: Bool
    ) {
        var index = 0
        while index < count {
            var four = SIMD4<Value>.zero
            if index &+ 4 <= count {
                four = UnsafeRawPointer(row + index).loadUnaligned(as: SIMD4<Value>.self)
            } else {
                for lane in 0..<count &- index { four[lane] = row[index &+ lane] }
            }
            let key =
                isSingle ? self.keys(Value.singles(four)) : self.keys(Value.doubles(four))
            UnsafeMutableRawPointer(keys + index).storeBytes(of: key, as: SIMD4<Int32>.self)
            index = index &+ 4
        }
    }

    @inline(__always)
    private static func keys(_ values: SIMD4<Float>) -> SIMD4<Int32> {
        // All ones: a NaN whose key is `missing`.
        let known = (values + SIMD4(repeating: 0)).replacing(
            with: Float(bitPattern: .max), where: values .!= values)
        return ordered(unsafeBitCast(known, to: SIMD4<Int32>.self))
    }

    /// LightGBM takes what is not above its zero in magnitude for zero.
    @inline(__always)
    private static func keys(_ values: SIMD4<Double>) -> SIMD4<Int32> {
        let bits = unsafeBitCast(values, to: SIMD4<Int64>.self)
        let magnitudes = unsafeBitCast(
            bits & SIMD4(repeating: .max), to: SIMD4<Double>.self)
        let known =
            values
            .replacing(with: Double(bitPattern: .max), where: values .!= values)
            .replacing(
                with: 0, where: magnitudes .<= SIMD4(repeating: NumericProfile.lightgbmZero))
        return ordered(unsafeBitCast(known, to: SIMD8<Int32>.self).oddHalf)
    }

    @inline(__always)
    private static func ordered(_ bits: SIMD4<Int32>) -> SIMD4<Int32> {
        bits ^ (bits &>> SIMD4(repeating: 31) & SIMD4(repeating: .max))
    }
}
