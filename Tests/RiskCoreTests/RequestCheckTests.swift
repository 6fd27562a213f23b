import AssayMessages
import Foundation
import RPC
import Testing
import Wire

@testable import RiskCore

/// Values that a schema lets pass and that would make rules blind.
struct RequestCheckTests {
    private func refusal(
        _ change: (inout AssayRiskV1.AssessTransactionRequest) -> Void
    ) async throws -> RPCError? {
        let harness = try RiskHarness()
        var request = RiskHarness.payment()
        change(&request)
        do {
            _ = try await harness.assess(request)
            return nil
        } catch {
            return try #require(error as? RPCError)
        }
    }

    @Test(
        "an amount that is none of its currency is refused",
        arguments: ["500000.001", "-500000.00", "-0.01", "999999999999999999"])
    func amount(_ text: String) async throws {
        let amount = try #require(Decimal64(text))
        let money = Money(amount, "EUR")
        let error = try await refusal { $0.transaction.amount = money }
        #expect(error?.code == .invalidArgument)
        #expect("\(error as Any)".contains("/transaction/amount/amount"), "\(error as Any)")
    }

    @Test("an amount that ends in noughts is one of its currency")
    func noughts() async throws {
        let error = try await refusal { $0.transaction.amount = Money("25.000", "EUR") }
        #expect(error == nil)
    }

    @Test("a payment of the future is refused, beyond what clocks may differ")
    func future() async throws {
        let harness = try RiskHarness()
        let now = harness.service.surroundings.now().seconds
        for (ahead, isRefused) in [(600, false), (601, true), (86_400 * 365 * 7_000, true)] {
            let error = try await refusal {
                $0.transaction.occurredAt = Timestamp(seconds: now + Int64(ahead)) ?? .blank()
            }
            #expect((error?.code == .invalidArgument) == isRefused, "\(ahead)")
        }
    }

    @Test("a payment whose amount cannot be told is not simply approved")
    func unknownCurrency() async throws {
        let harness = try RiskHarness()
        var request = RiskHarness.payment()
        request.transaction.amount = Money("9000000", "JPY")
        let decision = try await harness.assess(request).decision
        #expect(decision.status == .review)
        #expect(decision.degraded.contains(ReasonCode.factsMissing))
        #expect(decision.reasons.contains { $0.code == ReasonCode.factsMissing })
    }

    @Test("a request that differs in one field is told that field alone")
    func difference() {
        let first = FullRequest.payment()
        var second = first
        second.transaction.amount = Money("1.01", "EUR")
        let paths = RequestDifference.paths(
            first.encoded(), second.encoded(), as: AssayRiskV1.AssessTransactionRequest.self)
        #expect(paths.allSatisfy { $0.hasPrefix("/transaction/amount") }, "\(paths)")
        #expect(!paths.isEmpty)
    }

    @Test("a pack that is not read is told")
    func unreadPack() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "assay-rules-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Repository.rules, to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.moveItem(
            at: folder.appending(path: "packs/velocity.yaml"),
            to: folder.appending(path: "packs/velocity.yml"))
        let failure = #expect(throws: ConfigurationFailure.self) {
            _ = try RuleSources(directory: folder)
        }
        #expect("\(failure as Any)".contains("packs/velocity.yml"))
    }
}
