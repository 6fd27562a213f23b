import AssayMessages
import Foundation
import RPC
import Synchronization
import TestSupport
import Testing
import Wire

/// `make kill-risk POINTS=50` runs it in full.
@Suite("Decisions under kill -9", .serialized, .timeLimit(.minutes(30)))
struct KillRiskTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let points = environment["ASSAY_KILL_POINTS"].flatMap { Int($0) } ?? 3
    private static let seed = environment["ASSAY_KILL_SEED"].flatMap { UInt64($0) } ?? 1
    private static let clients = 8

    /// What was asked for, and what was answered before the process was gone.
    private final class Ledger: Sendable {
        private struct State {
            var number = 0
            var answered: [String: AssayRiskV1.Decision] = [:]
            var unknown: Set<String> = []
        }

        private let state = Mutex(State())

        /// Asks for one new decision. False: the process is gone.
        func ask(_ risk: RiskProcess) async -> Bool {
            let id = state.withLock { state in
                state.number += 1
                return "k-\(state.number)"
            }
            do {
                let decision = try await KillRiskTests.decision(id, risk).decision
                state.withLock { $0.answered[id] = decision }
                return true
            } catch {
                state.withLock { _ = $0.unknown.insert(id) }
                return false
            }
        }

        /// Takes out what nobody knows the end of.
        func takeUnknown() -> [String] {
            state.withLock { state in
                defer { state.unknown = [] }
                return state.unknown.sorted()
            }
        }

        func note(_ id: String, _ decision: AssayRiskV1.Decision) {
            state.withLock { $0.answered[id] = decision }
        }

        var answered: [(id: String, decision: AssayRiskV1.Decision)] {
            state.withLock { $0.answered }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
    }

    @Test("what was acknowledged is in a whole chain, once, and asking again gives the same")
    func kill() async throws {
        var random = SeededGenerator(seed: Self.seed)
        let folder = try TemporaryDirectory()
        // The rules' own records come first.
        let empty = try await RiskProcess.start(in: folder.path)
        await empty.kill()
        let before = try await records(in: folder.path)
        let ledger = Ledger()
        var unknown = 0
        var checked = 0
        var risk = try await RiskProcess.start(in: folder.path)
        for point in 0..<Self.points {
            let delay = Duration.milliseconds(Int.random(in: 20...400, using: &random))
            await withTaskGroup(of: Void.self) { [risk] group in
                for _ in 0..<Self.clients {
                    group.addTask { while await ledger.ask(risk) {} }
                }
                try? await Task.sleep(for: delay)
                await risk.kill()
            }
            risk = try await RiskProcess.start(in: folder.path)
            // What nobody saw the answer of is there or is decided now; then it stays so.
            for id in ledger.takeUnknown() {
                let first = try await Self.decision(id, risk).decision
                let again = try await Self.decision(id, risk)
                #expect(again.replayed && again.decision == first, "point \(point), \(id)")
                ledger.note(id, first)
                unknown += 1
            }
            let answered = ledger.answered
            for (id, decision) in answered.dropFirst(checked) + answered.prefix(20) {
                let again = try await Self.decision(id, risk)
                #expect(again.replayed && again.decision == decision, "point \(point), \(id)")
            }
            checked = answered.count
        }
        let answered = ledger.answered
        for (id, decision) in answered {
            let again = try await Self.decision(id, risk)
            #expect(again.replayed && again.decision == decision, "\(id)")
        }
        await risk.kill()
        #expect(Set(answered.map(\.decision.log.sequence)).count == answered.count)
        #expect(Set(answered.map(\.decision.decisionID)).count == answered.count)
        // One record for each request, and none besides.
        #expect(try await records(in: folder.path) == before + answered.count)
        print(
            "seed \(Self.seed): \(Self.points) kills, \(answered.count) decisions, "
                + "\(unknown) of them in flight")
    }

    private static func decision(
        _ id: String, _ risk: RiskProcess
    ) async throws -> AssayRiskV1.AssessTransactionResponse {
        let request = AssayRiskV1.AssessTransactionRequest(
            requestID: id,
            transaction: AssayRiskV1.Transaction(
                transactionID: "t-\(id)", occurredAt: Timestamp(seconds: 1_772_366_000) ?? .blank(),
                amount: Money("25.00", "EUR"), type: "purchase", channel: "app", country: "DE"),
            account: AssayRiskV1.Account(accountID: "acct-1", currency: "EUR", status: "active"),
            customer: AssayRiskV1.Customer(customerID: "cust-1", country: "DE"))
        let client = AssayRiskV1.RiskAssessment.Client(risk.channel)
        return try await client.assessTransaction(
            request, options: RiskProcess.options("killer"))
    }

    /// How many records the proven log of a folder has.
    private func records(in folder: String) async throws -> Int {
        let proven = try await RiskProcess.verify(folder)
        #expect(proven.end == .exit(0), "\(proven.output)\(proven.errors)")
        let words = proven.output.split(whereSeparator: { !$0.isNumber && !$0.isLetter })
        // "proven: records 1 to N, …", or "proven: no records, …".
        guard let place = words.firstIndex(of: "to") else { return 0 }
        return try #require(Int(words[words.index(after: place)]))
    }
}
