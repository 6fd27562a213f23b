internal import RuleLanguage

/// What the tiles of a window add up to, for one measure.
struct WindowTotals {
    var count: Int64 = 0
    var sum: Int64 = 0
    var maximum = Int64.min
    var minimum = Int64.max
    var logarithms: Int64 = 0
    var squares: Int64 = 0
    /// A total stopped at its limit, or the tier was marked (R6, R12).
    var isIncomplete = false

    init() {}

    /// - Parameter statistics: what is asked for beside the count.
    init(
        _ cells: ColumnTable.Cells, _ rows: Range<Int>, _ columns: MeasureColumns,
        _ statistics: Measure.Statistics
    ) {
        let length = rows.count
        func column(_ index: Int16) -> UnsafePointer<Int64> {
            cells.column(Int(index)) + rows.lowerBound
        }
        count = total(column(columns.count), length)
        if statistics.contains(.sum) { sum = total(column(columns.sum), length) }
        if statistics.contains(.max) {
            let values = column(columns.max)
            for row in 0..<length { maximum = Swift.max(maximum, values[row]) }
        }
        if statistics.contains(.min) {
            let values = column(columns.min)
            for row in 0..<length { minimum = Swift.min(minimum, values[row]) }
        }
        if statistics.contains(.logarithms) {
            logarithms = total(column(columns.logarithms), length)
            squares = total(column(columns.logarithms + 1), length)
        }
    }

    /// Of a raw event.
    mutating func add(_ value: Int64, _ statistics: Measure.Statistics) {
        count += 1
        if !sum.add(value) { isIncomplete = true }
        maximum = Swift.max(maximum, value)
        minimum = Swift.min(minimum, value)
        guard statistics.contains(.logarithms) else { return }
        let logarithm = Logarithm.ln1024(value)
        logarithms += logarithm
        squares += logarithm * logarithm
    }

    /// The sum; one beyond Int64 stops at the limit.
    @inline(__always)
    private mutating func total(_ values: UnsafePointer<Int64>, _ length: Int) -> Int64 {
        // No sum of so few numbers within ±2⁴⁹ can overflow: one loop adds and looks for others.
        let bound: Int64 = 1 << 49
        var sum: Int64 = 0
        var widest: UInt64 = 0
        for row in 0..<length {
            sum &+= values[row]
            widest |= UInt64(bitPattern: values[row] &+ bound)
        }
        if widest < UInt64(bound) << 1, length < 1 << 13 { return sum }
        return exactTotal(values, length)
    }

    private mutating func exactTotal(_ values: UnsafePointer<Int64>, _ length: Int) -> Int64 {
        var sum: Int128 = 0
        for row in 0..<length { sum += Int128(values[row]) }
        if let sum = Int64(exactly: sum) { return sum }
        isIncomplete = true
        return sum > 0 ? .max : .min
    }

    func value(_ aggregate: Aggregate) -> Double {
        switch aggregate {
        case .count: Double(count)
        case .sum: Double(sum)
        case .average: Double(sum) / Double(count)
        case .maximum: Double(maximum)
        case .minimum: Double(minimum)
        case .deviation: deviation
        case .logAverage: Double(logarithms) / (1024 * Double(count))
        }
    }

    /// √(n·S₂ − S₁²) / (1024·n) (R8); missing for n < 2.
    private var deviation: Double {
        guard count > 1 else { return FeatureValue.missing }
        let (first, firstOverflow) = count.multipliedReportingOverflow(by: squares)
        let (second, secondOverflow) = logarithms.multipliedReportingOverflow(by: logarithms)
        let radicand: Double
        if firstOverflow || secondOverflow {
            let exact =
                Int128(count) * Int128(squares) - Int128(logarithms) * Int128(logarithms)
            radicand = Double(Swift.max(0, exact))
        } else {
            // Both are positive, so their difference is an Int64.
            radicand = Double(Swift.max(0, first - second))
        }
        return radicand.squareRoot() / (1024 * Double(count))
    }
}
