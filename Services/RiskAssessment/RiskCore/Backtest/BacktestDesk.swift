internal import Foundation
internal import RPC
public import Storage
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs backtests beside the payments: one at a time for each tenant and few in all, each on a
/// thread of its own that gives way to every other.
public final class BacktestDesk: Sendable {
    static let maximumAtOnce = 2

    private let store: any KeyValueStore
    private let archive: RuleArchive
    private let tenants = Mutex<Set<String>>([])

    public init(store: any KeyValueStore, archive: RuleArchive) {
        self.store = store
        self.archive = archive
    }

    /// How far a backtest is, and how it ended.
    enum Step: Sendable {
        case progress(done: UInt64, total: UInt64)
        case ended(Result<Backtest.Result, any Error>)
    }

    /// Begins a backtest. Its steps come until it has ended; whoever takes them slowly gets fewer.
    /// It ends early once nobody takes them any more.
    ///
    /// - Throws: `RPCError` with RESOURCE_EXHAUSTED while another one runs.
    func begin(
        _ backtest: Backtest, over choice: BacktestChoice
    ) throws(RPCError) -> AsyncStream<Step> {
        try enter(choice.tenant)
        let (steps, continuation) = AsyncStream.makeStream(
            of: Step.self, bufferingPolicy: .bufferingNewest(1))
        let isAbandoned = Flag()
        continuation.onTermination = { _ in isAbandoned.raise() }
        Thread.detachNewThread { [self] in
            Self.giveWay()
            let result = Result {
                try backtest.run(over: store, archive: archive, choice: choice) { done, total in
                    continuation.yield(.progress(done: done, total: total))
                    return !isAbandoned.isRaised
                }
            }
            // Whoever is told that it ended may begin the next one.
            tenants.withLock { _ = $0.remove(choice.tenant) }
            continuation.yield(.ended(result))
            continuation.finish()
        }
        return steps
    }

    private func enter(_ tenant: String) throws(RPCError) {
        let refusal: String? = tenants.withLock { tenants in
            if tenants.contains(tenant) { return "a backtest is running already" }
            if tenants.count >= Self.maximumAtOnce {
                return "\(tenants.count) backtests of others are running"
            }
            tenants.insert(tenant)
            return nil
        }
        guard let refusal else { return }
        throw RPCError(
            .resourceExhausted, "\(refusal); begin this one when it has ended",
            reason: "BACKTEST_RUNNING")
    }

    /// The calling thread runs when nobody else wants the processor.
    private static func giveWay() {
        #if os(Linux)
            // On Linux the priority is the thread's.
            setpriority(Int32(PRIO_PROCESS.rawValue), 0, 19)
        #endif
    }
}

private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }

    func raise() { value.store(true, ordering: .relaxed) }
}
