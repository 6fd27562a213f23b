import AssayMessages
import Testing
import Wire

@testable import Simulation

@Suite struct PaymentRequestTests {
    private func bytes(_ plan: SimulationPlan) -> [[UInt8]] {
        PaymentStream(plan).map { $0.request(seed: plan.seed).encoded() }
    }

    @Test("same seed, same bytes; another seed shares not one id")
    func sameBytes() {
        let plan = SimulationPlan(seed: 5, payments: 1_000)
        #expect(bytes(plan) == bytes(plan))
        var other = plan
        other.seed = 6
        let ids = Set(PaymentStream(plan).map { $0.request(seed: 5).account?.accountID })
        let others = Set(PaymentStream(other).map { $0.request(seed: 6).account?.accountID })
        #expect(ids.isDisjoint(with: others))
    }

    @Test("every request keeps the schema's rules, reads back as itself, and hides the truth")
    func validRequests() throws {
        let plan = SimulationPlan(seed: 9, payments: 5_000)
        for payment in PaymentStream(plan) {
            let request = payment.request(seed: plan.seed)
            #expect(request.violations().isEmpty)
            let read = try AssayRiskV1.AssessTransactionRequest(
                jsonBytes: request.json())
            #expect(read == request)
            let json = String(decoding: request.json(), as: UTF8.self)
            let isTold = FraudPattern.allCases.contains {
                $0 != .none && json.contains($0.rawValue)
            }
            #expect(!isTold)
        }
    }

    @Test("a request has the parts that its kind of payment has")
    func parts() throws {
        for payment in PaymentStream(SimulationPlan(seed: 1, payments: 3_000)) {
            let request = payment.request(seed: 1)
            #expect((request.card != nil) == (payment.kind != .transfer))
            #expect((request.payee != nil) == (payment.kind == .transfer))
            let isRemote = payment.channel == .web || payment.channel == .app
            #expect((request.device != nil) == isRemote && (request.network != nil) == isRemote)
            #expect(request.transaction.terminalID.isEmpty == isRemote)
        }
    }
}
