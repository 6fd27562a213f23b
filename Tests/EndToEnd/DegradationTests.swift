import AssayMessages
import Foundation
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import TestSupport
import Testing
import Wire

@Suite("Decisions without one of their sources", .serialized, .timeLimit(.minutes(5)))
struct DegradationTests {
    @Test("while the feature store is away under load, nothing is approved that is not marked")
    func featuresAway() async throws {
        let bench = try await DegradationBench.start()
        let load = Task { try await bench.load(tasks: 8) }
        try await bench.wait("decisions with features") { $0.withFeatures >= 40 }
        bench.features.set(.blackhole)
        // Real time passes here: what is tested is a second without a store.
        try await Task.sleep(for: .seconds(1))
        try await bench.wait("decisions without features") { $0.withoutFeatures >= 10 }
        bench.features.set(.fair)
        let before = bench.tally.withLock(\.withFeatures)
        try await bench.wait("features again") { $0.withFeatures >= before + 40 }
        bench.isOver.store(true, ordering: .relaxed)
        try await load.value
        let tally = bench.tally.withLock { $0 }
        #expect(tally.unmarked == 0, "\(tally)")
        #expect(tally.tooMild == 0, "\(tally)")
        #expect(tally.otherErrors == [], "\(tally)")
        await bench.stop()
    }

    @Test("a store that is slower than the call's share of time counts as away")
    func featuresSlow() async throws {
        let bench = try await DegradationBench.start()
        let fair = try await bench.assess("fair-1")
        #expect(!fair.degraded.contains("FEATURES_UNAVAILABLE"))
        bench.features.set(.slow(.seconds(2)))
        let slow = try await bench.assess("slow-1")
        #expect(slow.degraded.contains("FEATURES_UNAVAILABLE"))
        #expect(slow.status == .review || slow.status == .declined)
        await bench.stop()
    }
}

/// A real assay-risk before a real assay-features, with a proxy between them that a test makes deaf.
final class DegradationBench: Sendable {
    struct Tally: Sendable {
        var withFeatures = 0
        var withoutFeatures = 0
        /// Approved without features, and not marked as degraded.
        var unmarked = 0
        /// Milder than review without features.
        var tooMild = 0
        var otherErrors: [String] = []
    }

    let features: FaultyProxy
    let tally = Mutex(Tally())
    let isOver = Atomic(false)
    private let processes: [ChildProcess]
    private let channel: RPCClient
    private let folder: TemporaryDirectory
    private let counter = Atomic(0)

    private init(
        _ features: FaultyProxy, _ processes: [ChildProcess], _ channel: RPCClient,
        _ folder: TemporaryDirectory
    ) {
        self.features = features
        self.processes = processes
        self.channel = channel
        self.folder = folder
    }

    static func start() async throws -> DegradationBench {
        let folder = try TemporaryDirectory()
        let deploy = "\(PackageLayout.root)/deploy"
        let store = try await process(
            "assay-features", "features",
            ["--data", "\(folder.path)/features", "--definitions", "\(deploy)/definitions"])
        let proxy = try await FaultyProxy.start(
            to: store.port, group: MultiThreadedEventLoopGroup.singleton)
        let nobody = try FreePort.find()
        let risk = try await process(
            "assay-risk", "risk",
            [
                "--data", "\(folder.path)/risk", "--rules", "\(deploy)/rules",
                "--features", "127.0.0.1:\(proxy.port)", "--models", "127.0.0.1:\(nobody)",
                "--payment-model", "",
            ])
        return DegradationBench(
            proxy, [store.process, risk.process], try RPCClient("127.0.0.1:\(risk.port)"), folder)
    }

    private static func process(
        _ program: String, _ name: String, _ arguments: [String]
    ) async throws -> (process: ChildProcess, port: Int) {
        let path = try #require(
            PackageLayout.executable(program), "\(program) was not built beside the tests")
        let process = try ChildProcess(
            path,
            [
                "--insecure", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                "--endpoint-delay", "0", "--grace", "1", "--log-level", "error",
            ] + arguments)
        let line = try await process.line(within: .seconds(60)) { $0.hasPrefix("ready \(name) ") }
        let word = line.split(separator: " ").first { $0.hasPrefix("rpc=") }
        return (process, try #require(word.flatMap { Int($0.dropFirst(4)) }))
    }

    func stop() async {
        isOver.store(true, ordering: .relaxed)
        await channel.close()
        for process in processes.reversed() {
            process.terminate()
            _ = await process.end()
        }
        await features.close()
    }

    // MARK: Load

    private static let options = CallOptions(
        deadline: .after(.milliseconds(500)),
        metadata: [
            "assay-tenant": "bank", "assay-client": "tests", "assay-scopes": "risk.assess",
        ])

    func assess(_ id: String) async throws -> AssayRiskV1.Decision {
        let request = AssayRiskV1.AssessTransactionRequest(
            requestID: id,
            transaction: AssayRiskV1.Transaction(
                transactionID: id,
                occurredAt: Timestamp(seconds: Int64(Date().timeIntervalSince1970)) ?? .blank(),
                amount: Money("12.00", "EUR"), type: "purchase", channel: "pos", country: "DE"),
            account: AssayRiskV1.Account(accountID: "a-\(id)", currency: "EUR", status: "active"),
            customer: AssayRiskV1.Customer(customerID: "c-\(id)", country: "DE"))
        return try await AssayRiskV1.RiskAssessment.Client(channel)
            .assessTransaction(request, options: Self.options).decision
    }

    /// Assesses payments until the test is over, and counts what came out.
    func load(tasks: Int) async throws {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    while !self.isOver.load(ordering: .relaxed) { await self.one() }
                }
            }
        }
    }

    private func one() async {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        do {
            let decision = try await assess("load-\(number)")
            tally.withLock { $0.add(decision) }
        } catch let error as RPCError
            where error.code == .deadlineExceeded || error.code == .unavailable
        {
            // Nothing was decided.
        } catch {
            tally.withLock { $0.otherErrors.append("\(error)") }
        }
    }

    /// Waits until the counts are as asked; fails after a minute.
    func wait(_ what: String, until isReached: (Tally) -> Bool) async throws {
        for _ in 0..<3_000 {
            if tally.withLock({ isReached($0) }) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("no \(what) within a minute: \(tally.withLock { $0 })")
    }
}

extension DegradationBench.Tally {
    mutating func add(_ decision: AssayRiskV1.Decision) {
        // Whoever has features knows by which definitions they were made.
        guard decision.versions.definitionSet.isEmpty else {
            withFeatures += 1
            return
        }
        withoutFeatures += 1
        let isMarked = decision.degraded.contains("FEATURES_UNAVAILABLE")
        if decision.status == .approved, !isMarked { unmarked += 1 }
        if decision.status != .review, decision.status != .declined { tooMild += 1 }
    }
}
