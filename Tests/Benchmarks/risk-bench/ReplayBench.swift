import AssayMessages
import Foundation
import RPC
import RiskCore
import Storage
import Wire

/// Decides on many payments under four rule sets, one after the other, then makes every decision
/// again from the store alone, and compares byte for byte: `risk-bench replay COUNT`.
struct ReplayBench {
    let count: Int
    let folder: URL
    private let data = FileManager.default.temporaryDirectory
        .appending(path: "assay-replay-\(UUID().uuidString)")

    init(count: Int, folder: URL) {
        self.count = count
        self.folder = folder
    }

    func run() async throws {
        defer { try? FileManager.default.removeItem(at: data) }
        let store = try RocksDBStore(directory: data.path, families: RiskService.families)
        defer { store.close() }
        try await decide(store)
        try verify(store, decodes: false)
        try verify(store, decodes: true)
        try replay(store)
    }

    // MARK: Deciding

    private func decide(_ store: RocksDBStore) async throws {
        let log = try DecisionLog(store: store, newChain: "replay", interval: .milliseconds(1))
        let archive = RuleArchive(store: store)
        let started = Self.cpu()
        for (number, files) in try generations().enumerated() {
            var loader = RuleSetLoader(files.sources)
            let rules = try loader.load()
            try archive.keep(rules, sources: files.sources, profile: nil)
            try archive.keep(policyText: files.policy)
            let service = RiskService(
                rules: rules, policy: try Policy(yaml: files.policy, file: "policy.yaml"),
                features: InstantServices(), models: InstantServices(), store: store, log: log,
                surroundings: RiskBench.surroundings, archive: archive)
            let share = count / 4 + (number < count % 4 ? 1 : 0)
            try await decide(service, number, share)
        }
        await log.close()
        Self.tell("decided \(count)", count, Self.cpu() - started)
    }

    private func decide(_ service: RiskService, _ generation: Int, _ count: Int) async throws {
        let context = ServerContext(
            method: AssayRiskV1.RiskAssessment.assessTransaction,
            caller: Caller(tenant: "bench", client: "bench"))
        let tasks = 64
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for number in stride(from: task, to: count, by: tasks) {
                        _ = try await service.assessTransaction(
                            Self.payment(generation, number), context: context)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The shipped rules and three changes of them.
    private func generations() throws -> [(sources: RuleSources, policy: String)] {
        let sources = try RuleSources(directory: folder)
        let policy = try String(
            contentsOf: folder.appending(path: "policy/default.yaml"), encoding: .utf8)
        var scored = sources
        for index in scored.packs.indices {
            scored.packs[index].text = scored.packs[index].text
                .replacingOccurrences(of: "score: 10\n", with: "score: 13\n")
        }
        var tuned = scored
        tuned.parameters.text = tuned.parameters.text
            .replacingOccurrences(of: "gbp-usd: 100000 }", with: "gbp-usd: 30000 }")
        var again = tuned
        for index in again.packs.indices {
            again.packs[index].text = again.packs[index].text
                .replacingOccurrences(of: "score: 25\n", with: "score: 21\n")
        }
        let strict = policy.replacingOccurrences(
            of: "default: { review: 40, decline: 70 }", with: "default: { review: 20, decline: 50 }"
        )
        return [(sources, policy), (scored, policy), (tuned, strict), (again, strict)]
    }

    private static func payment(
        _ generation: Int, _ number: Int
    ) -> AssayRiskV1.AssessTransactionRequest {
        var payment = RiskBench.payment("g\(generation)-\(number)")
        let amounts: [Decimal64] = ["25.00", "300.00", "1000.00", "9999.00", "50000.00"]
        payment.transaction.amount = Money(amounts[number % amounts.count], "EUR")
        payment.network?.isVpn = number % 3 == 0
        payment.network?.isTor = number % 11 == 0
        payment.transaction.channel = ["app", "pos", "web"][number % 3]
        if number % 4 == 0 { payment.card = nil }
        if number % 7 == 0 { payment.device = nil }
        if number % 5 == 0 {
            payment.claimed = AssayRiskV1.Claimed(accountAgeDays: Int64(number % 40))
        }
        payment.useModel = number % 6 != 0
        return payment
    }

    // MARK: Proving

    private func verify(_ store: RocksDBStore, decodes: Bool) throws {
        let started = Self.cpu()
        let report = try LogVerification.verify(store, decodes: decodes)
        let seconds = Self.cpu() - started
        if let problem = report.firstProblem {
            print("broken at \(problem)")
            exit(1)
        }
        print(
            "verified \(report.records) records of \(report.bytes / max(1, report.records)) bytes, "
                + "\(decodes ? "decoded strictly" : "digests, links and sequences"): "
                + "\(Int(Double(report.bytes) / seconds / 1e6)) MB/s of one core")
    }

    private func replay(_ store: RocksDBStore) throws {
        var walk = try LogWalk(store)
        var replay = ReplayRange(store: store, archive: RuleArchive(store: store))
        let started = Self.cpu()
        while try walk.advance(records: 4_096, visit: { _, record in try replay.replay(record) }) {}
        let seconds = Self.cpu() - started
        let report = replay.report
        Self.tell("replayed \(report.replayed), proven on the way", Int(report.replayed), seconds)
        for difference in report.differences { print(difference) }
        print("\(report.differing) of \(report.replayed) differ; \(report.unreplayable) left out")
        guard report.differing == 0, report.unreplayable == 0, report.replayed == UInt64(count),
            walk.report.firstProblem == nil
        else {
            if let problem = report.firstProblem { print(problem) }
            exit(1)
        }
    }

    private static func cpu() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

    private static func tell(_ what: String, _ count: Int, _ seconds: Double) {
        let rate = Int(Double(count) / max(seconds, 1e-9))
        print("\(what): \(String(format: "%.1f", seconds)) s of CPU, \(rate)/s of one core")
    }
}
