import AssayMessages
import Foundation
import RPC
import RiskCore
import Storage
import Synchronization

/// What it takes to bring another set of 5,000 rules live, and what payments notice of it:
/// `risk-bench --swap`.
struct SwapBench {
    static let rules = 5_000

    private let administrator: RuleAdministrator
    private let service: RiskService
    private let context = ServerContext(
        method: AssayRiskV1.RiskAssessment.assessTransaction,
        caller: Caller(tenant: "bench", client: "bench"))

    init() async throws {
        let store = MemoryStore()
        let log = try DecisionLog(store: store, newChain: "bench", interval: .zero)
        administrator = try await RuleAdministrator.open(
            folder: try Self.folder(variant: 0), start: .kept, store: store,
            archive: RuleArchive(store: store), log: log,
            compiler: RuleCompiler(), options: RuleAdministrator.Options(),
            now: RiskBench.surroundings.now)
        service = RiskService(
            live: administrator.live, features: InstantServices(), models: InstantServices(),
            store: store, log: log, surroundings: RiskBench.surroundings)
    }

    func run() async throws {
        let quiet = try await measure(swaps: 0)
        let busy = try await measure(swaps: 10)
        print(
            "payments one after the other: p50 \(quiet.p50) µs, p99 \(quiet.p99) µs; while sets are "
                + "swapped p50 \(busy.p50) µs, p99 \(busy.p99) µs, \(busy.failures) of "
                + "\(busy.calls) failed")
    }

    private struct Latency {
        var p50 = 0
        var p99 = 0
        var calls = 0
        var failures = 0
    }

    /// One caller while sets are swapped, or for two seconds.
    private func measure(swaps: Int) async throws -> Latency {
        let isDone = Mutex(false)
        let name = swaps == 0 ? "q" : "s"
        async let latency = payments(name) { isDone.withLock { $0 } }
        if swaps == 0 { try await Task.sleep(for: .seconds(2)) }
        var taken: [Double] = []
        for number in 0..<swaps {
            let folder = try Self.folder(variant: number + 1)
            let started = ContinuousClock.now
            guard case .live = try await administrator.follow(folder) else {
                throw RPCError(.internal, "the rules of the benchmark do not load")
            }
            taken.append((ContinuousClock.now - started) / .milliseconds(1))
        }
        if !taken.isEmpty {
            taken.sort()
            print(
                "read, check, compile, test and swap \(administrator.health.rules) rules: median "
                    + "\(Int(taken[taken.count / 2])) ms, worst \(Int(taken[taken.count - 1])) ms")
        }
        isDone.withLock { $0 = true }
        return await latency
    }

    private func payments(_ name: String, isDone: @Sendable () -> Bool) async -> Latency {
        var microseconds: [Int] = []
        var latency = Latency()
        while !isDone() {
            latency.calls += 1
            let started = ContinuousClock.now
            do {
                _ = try await service.assessTransaction(
                    RiskBench.payment("\(name)\(latency.calls)"), context: context)
            } catch {
                latency.failures += 1
            }
            microseconds.append(Int((ContinuousClock.now - started) / .microseconds(1)))
        }
        microseconds.sort()
        latency.p50 = microseconds[microseconds.count / 2]
        latency.p99 = microseconds[microseconds.count * 99 / 100]
        return latency
    }

    // MARK: Rules

    /// The shipped rules and as many more as make 5,000, each with its tests.
    private static func folder(variant: Int) throws -> RuleFolder {
        let shipped = try RuleFolder(directory: URL(filePath: "deploy/rules"))
        let count = try RuleCompiler().compiled(shipped).get().rules.rules.count
        var texts = shipped.texts
        var pack = ""
        for number in 0..<(rules - count) {
            if number % 1_000 == 0 {
                pack = "packs/more-\(number / 1_000).yaml"
                texts[pack] = """
                    format: assay.rules/1
                    pack: more\(number / 1_000)
                    version: \(variant + 1)
                    owner: bench@bank.example
                    rules:

                    """
            }
            texts[pack, default: ""] += rule(number, limit: 100 + variant)
        }
        return RuleFolder(texts: texts)
    }

    private static func rule(_ number: Int, limit: Int) -> String {
        let letters = ["X", "Y", "Z"]
        let digits = String(1_000 + number % 1_000).dropFirst()
        let family = "Q\(letters[number / 3_000])\(letters[number / 1_000 % 3])"
        let count = limit + number % 7
        return """
              - id: \(family)-\(digits)
                name: more_\(number)
                when: vel.acct_cnt_1h > \(count) && tx.type != 'type\(number)' && !(tx.mcc == '\(number)')
                score: 10
                severity: low
                reason: VELOCITY_COUNT
                tests:
                  - { given: { vel.acct_cnt_1h: \(count + 1) }, expect: hit }
                  - { given: { vel.acct_cnt_1h: \(count) }, expect: no_hit }
                  - { missing: [vel.acct_cnt_1h], expect: not_evaluated }

            """
    }
}
