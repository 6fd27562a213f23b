/// A histogram's ranges where they can be read without counting references.
///
/// Sendable: its memory is written when it is made and only read afterwards.
final class RangeTable: @unchecked Sendable {
    struct Pointers {
        /// By the number of significant bits: the first range that such a number may fall into.
        fileprivate let first: UnsafePointer<UInt8>
        /// Upper bounds, and behind them the largest number, so that the search ends by itself.
        fileprivate let bounds: UnsafePointer<UInt64>
        /// The number of bounds.
        let count: Int

        @inline(__always)
        func range(of value: UInt64) -> Int {
            var range = Int(first[64 - value.leadingZeroBitCount])
            while bounds[range] < value { range += 1 }
            return range
        }
    }

    let pointers: Pointers

    init(_ layout: HistogramLayout) {
        let first = UnsafeMutablePointer<UInt8>.allocate(capacity: 65)
        for bits in 0...64 {
            let smallest: UInt64 = bits == 0 ? 0 : 1 << UInt64(bits - 1)
            (first + bits).initialize(to: UInt8(layout.range(of: smallest)))
        }
        let count = layout.bounds.count
        let bounds = UnsafeMutablePointer<UInt64>.allocate(capacity: count + 1)
        for (index, bound) in (layout.bounds + [.max]).enumerated() {
            (bounds + index).initialize(to: bound)
        }
        pointers = Pointers(first: first, bounds: bounds, count: count)
    }

    deinit {
        pointers.first.deallocate()
        pointers.bounds.deallocate()
    }
}
