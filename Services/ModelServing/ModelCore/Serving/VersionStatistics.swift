internal import RPC
internal import Synchronization

/// Counts of one version. Threads add to stripes of their own, so that none waits for another.
//
// Unchecked: the pointer never changes, and what it points to are `Atomic` cells, freed with the last
// reference.
final class VersionStatistics: @unchecked Sendable {
    enum Counter: Int, CaseIterable {
        case requests, rows, failures, flags, explanations, degraded
    }

    static let bandLimit = 16
    /// The first one holds what took less than a microsecond, each next one twice as long; the last
    /// one holds the rest.
    static let timeBuckets = 24

    private static let stripes = 16
    private static let firstBand = 8
    private static let firstTime = firstBand + bandLimit
    /// One for each status but OK, from the first one on.
    private static let firstCode = firstTime + timeBuckets
    private static let firstQueueTime = 64
    private static let computeSum = firstQueueTime + timeBuckets
    private static let queueSum = computeSum + 1
    /// Whole cache lines.
    private static let stride = 96

    private let cells: UnsafeMutablePointer<Atomic<Int>>

    init() {
        let count = Self.stripes * Self.stride
        cells = .allocate(capacity: count)
        for cell in 0..<count { (cells + cell).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: Self.stripes * Self.stride)
        cells.deallocate()
    }

    @inline(__always)
    private func add(_ amount: Int, _ cell: Int, _ stripe: Int) {
        cells[stripe % Self.stripes * Self.stride + cell].wrappingAdd(amount, ordering: .relaxed)
    }

    @inline(__always)
    func add(_ amount: Int, to counter: Counter, stripe: Int) {
        add(amount, counter.rawValue, stripe)
    }

    /// A call that ended with an error.
    func addFailure(_ code: StatusCode, stripe: Int) {
        add(1, to: .failures, stripe: stripe)
        if code != .ok { add(1, Self.firstCode + Int(code.rawValue) - 1, stripe) }
    }

    @inline(__always)
    func addBand(_ band: Int, stripe: Int) {
        if band < Self.bandLimit { add(1, Self.firstBand + band, stripe) }
    }

    @inline(__always)
    func addTime(nanoseconds: UInt64, stripe: Int) {
        add(1, Self.firstTime + Self.bucket(nanoseconds), stripe)
        add(Int(truncatingIfNeeded: nanoseconds), Self.computeSum, stripe)
    }

    /// How long a call waited for a thread of the pool.
    func addQueueTime(nanoseconds: UInt64, stripe: Int) {
        add(1, Self.firstQueueTime + Self.bucket(nanoseconds), stripe)
        add(Int(truncatingIfNeeded: nanoseconds), Self.queueSum, stripe)
    }

    @inline(__always)
    static func bucket(_ nanoseconds: UInt64) -> Int {
        let microseconds = nanoseconds / 1_000
        return min(UInt64.bitWidth - microseconds.leadingZeroBitCount, timeBuckets - 1)
    }

    // MARK: Reading

    private func sum(_ cell: Int) -> Int {
        (0..<Self.stripes).reduce(0) {
            $0 + cells[$1 * Self.stride + cell].load(ordering: .relaxed)
        }
    }

    subscript(counter: Counter) -> Int { sum(counter.rawValue) }

    /// Rows per band, in the order of the bands' names.
    func bands(_ count: Int) -> [Int] {
        (0..<min(count, Self.bandLimit)).map { sum(Self.firstBand + $0) }
    }

    /// Failed calls by status; those that never happened are left out.
    var failures: [(code: StatusCode, count: Int)] {
        StatusCode.allCases.filter { $0 != .ok }.compactMap { code in
            let count = sum(Self.firstCode + Int(code.rawValue) - 1)
            return count == 0 ? nil : (code, count)
        }
    }

    /// Calls per time of computing; the upper ends are 1, 2, 4 … microseconds.
    var times: [Int] { (0..<Self.timeBuckets).map { sum(Self.firstTime + $0) } }
    /// Of computing, altogether.
    var seconds: Double { Double(sum(Self.computeSum)) / 1e9 }

    /// Calls per time of waiting for the pool, with the same ends.
    var queueTimes: [Int] { (0..<Self.timeBuckets).map { sum(Self.firstQueueTime + $0) } }
    var queueSeconds: Double { Double(sum(Self.queueSum)) / 1e9 }
}
