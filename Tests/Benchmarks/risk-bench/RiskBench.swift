import AssayMessages
import Foundation
import RPC
import RiskCore
import RuleLanguage
import Storage
import Wire

/// Prints what the parts of an assessment cost on one thread: rules, policy, sealing, and all of it
/// with services that answer at once and a store without a disk.
///
/// `risk-bench [ROUNDS] [rules] [facts] [policy] [service] [log]`; without a part it measures all.
@main
enum RiskBench {
    static func main() async throws {
        if CommandLine.arguments.contains("--swap") { return try await SwapBench().run() }
        if let recording = try RecordBench(CommandLine.arguments) {
            return try await recording.run()
        }
        let words = Array(CommandLine.arguments.dropFirst())
        if words.first == "replay" {
            let count = words.dropFirst().first.flatMap { Int($0) } ?? 10_000
            return try await ReplayBench(count: count, folder: URL(filePath: "deploy/rules")).run()
        }
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20_000
        let parts = CommandLine.arguments.dropFirst().filter { Int($0) == nil }
        func wants(_ part: String) -> Bool { parts.isEmpty || parts.contains(part) }
        let folder = URL(filePath: "deploy/rules")
        var loader = RuleSetLoader(try RuleSources(directory: folder))
        let rules = try loader.load()
        let policy = try Policy(
            yaml: String(
                contentsOf: folder.appending(path: "policy/default.yaml"), encoding: .utf8),
            file: "policy/default.yaml")
        let store = MemoryStore()
        let log = try DecisionLog(store: store, newChain: "bench", interval: .zero)
        let service = RiskService(
            rules: rules, policies: PolicySet(policy), features: InstantServices(),
            models: InstantServices(),
            store: store, log: log, surroundings: Self.surroundings)

        if wants("rules") {
            let catalogue = try CatalogueBench(folder: folder, rounds: rounds)
            try catalogue.measureConditions(
                URL(filePath: "Tests/RiskCoreTests/Fixtures/rule-catalogue.tsv"))
            catalogue.measureRules(rules)
        }
        if wants("facts") { FactBench.measure(rules, rounds) }
        if wants("devices") { DeviceBench.measure(rules, rounds) }
        if wants("policy") { measurePolicy(policy, rules, rounds) }
        guard wants("service") || wants("log") else { return }
        try await measureService(service, rounds)
        guard wants("log") else { return }
        try await measureSealing(store, rules, rounds)
        let started = ContinuousClock.now
        let report = try LogVerification.verify(store)
        let seconds = Self.seconds(since: started)
        print(
            "verify log: \(Int(Double(report.bytes) / seconds / 1e6)) MB/s, "
                + "\(report.bytes / max(1, report.records)) bytes a record")
    }

    private static func measurePolicy(_ policy: Policy, _ rules: RuleSet, _ rounds: Int) {
        for count in [0, 3, 10] {
            let hits = rules.rules.prefix(count * 3).enumerated()
                .filter { $0.offset % 3 == 0 }.map(\.element)
                .map {
                    Hit(
                        rule: $0.id, score: $0.score, severity: $0.severity, outcome: $0.outcome,
                        reasonCode: $0.reasonCode)
                }
            var sum: Int64 = 0
            let measurement = Measurement(rounds) {
                sum &+= policy.decide(PolicyInput(hits: hits, probability: 0.4)).score
            }
            precondition(sum >= 0)
            measurement.report("policy with contributions, \(hits.count) hits")
        }
    }

    private static func measureService(_ service: RiskService, _ rounds: Int) async throws {
        let context = ServerContext(
            method: AssayRiskV1.RiskAssessment.assessTransaction,
            caller: Caller(tenant: "bench", client: "bench"))
        for number in 0..<500 {
            _ = try await service.assessTransaction(Self.payment("w\(number)"), context: context)
        }
        let started = clock()
        let tasks = 32
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for number in 0..<(rounds / tasks) {
                        _ = try await service.assessTransaction(
                            Self.payment("r\(task)-\(number)"), context: context)
                    }
                }
            }
            try await group.waitForAll()
        }
        let cost = Double(clock() - started) / Double(CLOCKS_PER_SEC) / Double(rounds) * 1e6
        print(
            "AssessTransaction without network and disk, \(tasks) at once: "
                + "\(String(format: "%.1f", cost)) µs of CPU")
    }

    private static func measureSealing(
        _ store: MemoryStore, _ rules: RuleSet, _ rounds: Int
    ) async throws {
        guard let bytes = try store.get([0, 0, 0, 0, 0, 0, 0, 9], in: DecisionLog.records) else {
            return
        }
        let record: AssayRiskV1.DecisionRecord = try SealedRecord.open(bytes)
        var sum = 0
        let sealing = try Measurement(rounds) { sum += try SealedRecord.seal(record).bytes.count }
        sealing.report(
            "seal the record of a payment under \(rules.rules.count) rules, \(bytes.count) bytes")
        precondition(sum > 0)
        let log = LogBench(record: record, rounds: rounds)
        try log.measureInMemory()
        try await log.measureOnDisk(1)
        try await log.measureOnDisk(64)
    }

    // MARK: Reporting

    private static func seconds(since started: ContinuousClock.Instant) -> Double {
        let parts = (ContinuousClock.now - started).components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}
