internal import Synchronization

/// What one event loop counts of its calls, by method and status: counters, and histograms of fixed
/// ranges. Counting is a few plain additions; it takes no lock and allocates nothing.
///
/// A method has a number: its place in the list that the meter was made for. All others share the
/// number behind the last, `unknown`, so that a path from outside makes no series.
public final class CallMeter: Sendable {
    /// A histogram of every method, or of every method and status.
    public struct Instrument: Sendable {
        public let name: String
        public let help: String
        public let layout: HistogramLayout
        public let isByStatus: Bool

        init(_ name: String, _ help: String, _ layout: HistogramLayout, isByStatus: Bool) {
            self.name = name
            self.help = help
            self.layout = layout
            self.isByStatus = isByStatus
        }
    }

    /// A number that only grows, of every method.
    public struct Count: Sendable {
        public let name: String
        public let help: String
    }

    /// What is counted of a call, on one side. The first count is that of calls that began: where it
    /// is 0 there is nothing else.
    public struct Schema: Sendable {
        public let instruments: [Instrument]
        public let counts: [Count]
    }

    static let statuses = StatusCode.allCases.count

    public let schema: Schema
    /// The number of methods that have a name.
    public let methods: Int
    /// Labels that all series share: the target of a client.
    public let target: String?
    private let cells: MeterCells
    /// Where each instrument's cells begin; the counts come behind them.
    private let offsets: [Int]
    private let countOffset: Int
    /// Of each instrument; slots point into them.
    private let tables: [RangeTable]

    init(_ schema: Schema, methods: Int, target: String? = nil) {
        self.schema = schema
        self.methods = methods
        self.target = target
        var offsets: [Int] = []
        var next = 0
        for instrument in schema.instruments {
            offsets.append(next)
            let series = (methods + 1) * (instrument.isByStatus ? Self.statuses : 1)
            next += series * Self.width(instrument)
        }
        self.offsets = offsets
        tables = schema.instruments.map { RangeTable($0.layout) }
        countOffset = next
        cells = MeterCells(count: next + schema.counts.count * (methods + 1))
    }

    /// One cell per range, and the sum.
    private static func width(_ instrument: Instrument) -> Int { instrument.layout.count + 1 }

    // MARK: Counting, on the loop

    /// Where an instrument's cells lie, worked out once: plain numbers and addresses, so that recording
    /// counts no references. Used by the meter's owner alone, and no longer than the meter lives.
    ///
    /// Sendable: what it points to is only read, or is an `Atomic` with one writer.
    struct Slot: @unchecked Sendable {
        fileprivate let cells: UnsafeMutablePointer<Atomic<UInt64>>
        /// Cells of one method, and of one status; 0 if statuses are not told apart.
        fileprivate let perMethod: Int
        fileprivate let perStatus: Int
        fileprivate let ranges: RangeTable.Pointers

        @inline(__always)
        func record(_ value: UInt64, _ method: Int, _ status: StatusCode = .ok) {
            let series = cells + (method * perMethod + Int(status.rawValue) * perStatus)
            MeterCells.add(1, at: series + ranges.range(of: value))
            MeterCells.add(value, at: series + (ranges.count + 1))
        }
    }

    func slot(_ instrument: Int) -> Slot {
        let width = Self.width(schema.instruments[instrument])
        let isByStatus = schema.instruments[instrument].isByStatus
        return Slot(
            cells: cells.address(of: offsets[instrument]),
            perMethod: isByStatus ? Self.statuses * width : width,
            perStatus: isByStatus ? width : 0, ranges: tables[instrument].pointers)
    }

    /// The cells of one of the counts.
    ///
    /// Sendable: as `Slot`.
    struct CountSlot: @unchecked Sendable {
        fileprivate let cells: UnsafeMutablePointer<Atomic<UInt64>>

        @inline(__always)
        func count(_ method: Int) { MeterCells.add(1, at: cells + method) }
    }

    func countSlot(_ count: Int) -> CountSlot {
        CountSlot(cells: cells.address(of: countOffset + count * (methods + 1)))
    }

    // MARK: Reading, on any thread

    /// The counts of each range, not cumulative, and the sum; nil if nothing was recorded.
    func histogram(_ instrument: Int, _ method: Int, _ status: Int?) -> HistogramValue? {
        let layout = schema.instruments[instrument].layout
        let series = status.map { method * Self.statuses + $0 } ?? method
        let start = offsets[instrument] + series * (layout.count + 1)
        let counts = (0..<layout.count).map { cells[start + $0] }
        if counts.allSatisfy({ $0 == 0 }) { return nil }
        return HistogramValue(counts: counts, sum: cells[start + layout.count])
    }

    func value(of count: Int, _ method: Int) -> UInt64 {
        cells[countOffset + count * (methods + 1) + method]
    }

    /// Everything that was recorded so far, summed over the meters of all loops. The meters have the
    /// same schema and target.
    public static func total(_ meters: [CallMeter]) -> CallTotals {
        guard let first = meters.first else { return CallTotals() }
        var totals = CallTotals()
        // What ends is read before what began, so that no call ends that did not begin.
        for method in 0...first.methods
        where meters.contains(where: { $0.value(of: 0, method) > 0 }) {
            for (index, instrument) in first.schema.instruments.enumerated() {
                let series: [Int?] = instrument.isByStatus ? Array(0..<statuses) : [nil]
                for status in series {
                    let key = CallTotals.Key(instrument: index, method: method, status: status)
                    totals.histograms[key] = meters.compactMap {
                        $0.histogram(index, method, status)
                    }
                    .reduce(into: HistogramValue?.none, HistogramValue.add)
                }
            }
            for index in first.schema.counts.indices {
                totals.counts[.init(instrument: index, method: method)] =
                    meters.reduce(0) { $0 &+ $1.value(of: index, method) }
            }
        }
        return totals
    }
}

/// What was recorded in one histogram.
public struct HistogramValue: Sendable, Hashable {
    /// By range, not cumulative.
    public var counts: [UInt64]
    /// In the layout's own unit.
    public var sum: UInt64

    public var count: UInt64 { counts.reduce(0, &+) }

    static func add(_ total: inout HistogramValue?, _ value: HistogramValue) {
        guard let known = total else {
            total = value
            return
        }
        total = HistogramValue(
            counts: zip(known.counts, value.counts).map { $0 &+ $1 }, sum: known.sum &+ value.sum)
    }
}

/// The sums over all loops.
public struct CallTotals: Sendable {
    public struct Key: Sendable, Hashable {
        /// The place in the schema's instruments, or counts.
        public let instrument: Int
        public let method: Int
        /// Nil if the instrument does not tell statuses apart.
        public var status: Int?

        public init(instrument: Int, method: Int, status: Int? = nil) {
            self.instrument = instrument
            self.method = method
            self.status = status
        }
    }

    public var histograms: [Key: HistogramValue] = [:]
    public var counts: [Key: UInt64] = [:]
}
