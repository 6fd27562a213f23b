import FeatureEngine
import Foundation

/// The events of one entity as they arrived, and its features straight from R1, R2, R6, R8, R10.
struct BruteForce {
    struct Row {
        let logged: LoggedEvent
        /// The entity's clock once the event was there.
        let clock: Int64
    }

    /// One number that a measure counts.
    struct Counted {
        let row: Row
        let time: Int64
        let value: Int64?
    }

    let group: Group
    var rows: [Row] = []
    var clock: Int64 = 0

    init(_ group: Group) { self.group = group }

    mutating func add(_ logged: LoggedEvent) {
        clock = max(clock, logged.event.time)
        rows.append(Row(logged: logged, clock: clock))
    }

    static func floor(_ value: Int64, _ hop: Int64) -> Int64 {
        value >= 0 ? value / hop : -((-value + hop - 1) / hop)
    }

    /// What one source takes of the event: nil if it is not taken, else its values.
    static func values(_ source: Source, _ logged: LoggedEvent) -> [Int64?]? {
        let event = logged.event
        guard event.type == source.event, logged.touches & (1 << UInt64(source.touch)) != 0,
            source.filter == nil || event.filters.contains(source.filter!)
        else { return nil }
        return source.values.map { $0 == nil ? nil : event.values[$0!] }
    }

    func counted(_ measure: Measure) -> [Counted] {
        rows.flatMap { row in
            measure.sources.compactMap { source -> Counted? in
                guard let values = Self.values(source, row.logged) else { return nil }
                if !source.values.isEmpty, values[0] == nil { return nil }
                var time = row.logged.event.time
                if let field = source.time {
                    guard let named = row.logged.event.values[field] else { return nil }
                    time = max(0, min(named, time))
                }
                return Counted(row: row, time: time, value: values.first ?? nil)
            }
        }
    }

    // MARK: Aggregates

    func value(_ read: AggregateRead, at time: Int64) -> FeatureValue {
        let now = max(time, clock)
        let tier = group.tiers[read.tier]
        let start = now - (read.lag ?? 0) - read.window
        func inside(_ measure: Int) -> [Counted] {
            counted(group.measures[measure]).filter {
                let tile = Self.floor($0.time, tier.hop)
                let isOver = read.lag.map { tile >= Self.floor(now - $0, tier.hop) } ?? false
                return tile >= Self.floor(start, tier.hop) && !isOver
            }
        }
        let taken = inside(read.measure)
        let divisor = read.per.map { inside($0).count }
        let flags: Status.Flags = isLate(read.tier, at: now) ? .incomplete : []
        guard divisor ?? taken.count > (read.aggregate == .deviation ? 1 : 0) else {
            return FeatureValue(read.defaultValue, Status(.empty, flags))
        }
        let number = Self.number(read.aggregate, of: taken.compactMap(\.value), taken.count)
        return FeatureValue(number / Double(divisor ?? 1), Status(.present, flags))
    }

    /// Whether an event came to the tier after its tile had left it, less than a turn ago.
    private func isLate(_ index: Int, at now: Int64) -> Bool {
        let tier = group.tiers[index]
        return group.measures.filter { $0.tiers >> UInt64(index) & 1 == 1 }.contains { measure in
            counted(measure).contains {
                Self.floor($0.time, tier.hop) < Self.floor($0.row.clock - tier.span, tier.hop)
                    && now - $0.row.clock < tier.span + tier.hop
            }
        }
    }

    static func number(_ aggregate: Aggregate, of values: [Int64], _ count: Int) -> Double {
        let sum = values.reduce(0, +)
        switch aggregate {
        case .count: return Double(count)
        case .sum: return Double(sum)
        case .average: return Double(sum) / Double(values.count)
        case .maximum: return Double(values.max()!)
        case .minimum: return Double(values.min()!)
        case .deviation:
            guard values.count > 1 else { return FeatureValue.missing }
            let logarithms = values.map { Int128(ln1024($0)) }
            let first = logarithms.reduce(0, +)
            let second = logarithms.map { $0 * $0 }.reduce(0, +)
            let n = Int128(values.count)
            return Double(n * second - first * first).squareRoot() / (1024 * Double(n))
        case .logAverage:
            return Double(values.map(ln1024).reduce(0, +)) / (1024 * Double(values.count))
        }
    }

    /// By R8, with the table from the library's logarithm.
    static func ln1024(_ x: Int64) -> Int64 {
        guard x > 1 else { return 0 }
        let exponent = 63 - x.leadingZeroBitCount
        let digits = exponent >= 10 ? x >> Int64(exponent - 10) : x << Int64(10 - exponent)
        let entry = table[Int(digits - 1024)]
        return (Int64(exponent) * 2_977_044_472 + entry + 2_097_152) >> 22
    }

    private static let table = (0..<1024).map {
        Int64((log(1 + Double($0) / 1024) * 4_294_967_296).rounded())
    }
}
