internal import AssayMessages
internal import Dispatch
internal import Statistics
internal import Synchronization

/// The way of one shadow's rows: calls are offered at one end and never wait, one thread takes them
/// at the other.
///
/// A new revision has a new lane. What a lane counts, it counts since then.
final class ShadowLane: Sendable {
    /// A thread that is at one row for longer is stuck, and the score is thrown away.
    static let longestNanoseconds: UInt64 = 1_000_000_000

    let shadow: AssayModelsV1.Shadow
    /// With counts of its own; nil if it could not be loaded.
    let version: ServingVersion?
    /// Why not.
    let problem: String

    private let queue: ShadowQueue<ShadowedCall>
    private let draw: BucketDraw
    /// Calls in lower buckets are shown to the shadow.
    private let bound: Int

    private let bell = DispatchSemaphore(value: 0)
    private let isResting = Atomic<Bool>(false)
    private let isClosed = Atomic<Bool>(false)
    private let isServed = Atomic<Bool>(false)

    private let offered = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let scored = Atomic<Int>(0)
    private let failed = Atomic<Int>(0)
    private let late = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)
    /// When the row in progress began, in monotonic nanoseconds; 0: there is none.
    private let began = Atomic<UInt64>(0)

    init(
        _ shadow: AssayModelsV1.Shadow, version: ServingVersion?, problem: String = ""
    ) {
        let own = shadow.specification
        self.shadow = shadow
        self.version = version.map {
            ServingVersion($0, number: $0.number, statistics: VersionStatistics())
        }
        self.problem = problem
        queue = ShadowQueue(capacity: max(ShadowLimits.smallestQueue, Int(own.queue)))
        draw = BucketDraw(.shadow, seed: "\(own.model)/\(own.alias)")
        bound = Int(own.share) * Bucketing.bucketsPerBasisPoint
    }

    var name: String { shadow.specification.shadow }
    var model: String { shadow.specification.model }

    // MARK: Calls

    /// Whether a call is shown to the shadow.
    func takes(_ requestID: String) -> Bool {
        guard isServed.load(ordering: .relaxed) else { return false }
        return bound >= Bucketing.bucketCount
            || draw.bucket(kind: "request", unit: requestID) < bound
    }

    /// Never waits and takes no lock: what finds no room takes that of the oldest.
    func offer(_ call: ShadowedCall) {
        offered.wrappingAdd(1, ordering: .relaxed)
        let outcome = queue.push(call)
        if outcome.dropped > 0 { dropped.wrappingAdd(outcome.dropped, ordering: .relaxed) }
        // Either this thread sees that the other one rests, or that one sees the row.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if isResting.load(ordering: .relaxed), isResting.exchange(false, ordering: .relaxed) {
            bell.signal()
        }
    }

    // MARK: The thread

    /// Whether the caller is the first who asks, and so has to serve the lane.
    func claim() -> Bool { !isServed.exchange(true, ordering: .relaxed) }

    /// The oldest row, as soon as there is one; nil once the lane is closed.
    func next() -> ShadowedCall? {
        while !isClosed.load(ordering: .acquiring) {
            if let call = queue.pop() { return call }
            isResting.store(true, ordering: .relaxed)
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            if let call = queue.pop() {
                isResting.store(false, ordering: .relaxed)
                return call
            }
            if isClosed.load(ordering: .acquiring) { break }
            bell.wait()
        }
        return nil
    }

    /// Lets the thread rest; a lane that is closed meanwhile wakes it.
    func rest(nanoseconds: UInt64) {
        guard nanoseconds > 0, !isClosed.load(ordering: .acquiring) else { return }
        _ = bell.wait(timeout: .now() + .nanoseconds(Int(clamping: nanoseconds)))
    }

    /// No row is taken any more: the thread ends after the one in progress.
    func close() {
        isServed.store(false, ordering: .relaxed)
        isClosed.store(true, ordering: .releasing)
        bell.signal()
    }

    func begin(at nanoseconds: UInt64) { began.store(max(1, nanoseconds), ordering: .relaxed) }
    func end() { began.store(0, ordering: .relaxed) }
    func countScored() { scored.wrappingAdd(1, ordering: .relaxed) }
    func countFailed() { failed.wrappingAdd(1, ordering: .relaxed) }
    func countLate() { late.wrappingAdd(1, ordering: .relaxed) }
    func countLost(_ rows: Int) { lost.wrappingAdd(rows, ordering: .relaxed) }

    // MARK: Reading

    /// - Parameter now: monotonic nanoseconds.
    func activity(now: UInt64) -> AssayModelsV1.ShadowActivity {
        let began = began.load(ordering: .relaxed)
        return AssayModelsV1.ShadowActivity(
            offered: UInt64(offered.load(ordering: .relaxed)),
            dropped: UInt64(dropped.load(ordering: .relaxed)),
            scored: UInt64(scored.load(ordering: .relaxed)),
            failed: UInt64(failed.load(ordering: .relaxed)),
            late: UInt64(late.load(ordering: .relaxed)), waiting: UInt64(queue.count),
            stuck: began != 0 && now > began && now - began > Self.longestNanoseconds,
            lost: UInt64(lost.load(ordering: .relaxed)), problem: problem)
    }
}
