import Testing

@testable import Simulation

@Suite struct PaymentStreamTests {
    private let plan = SimulationPlan(seed: 42, payments: 40_000)

    @Test("one plan gives the same payments twice, another seed others")
    func determinism() {
        let small = SimulationPlan(seed: 42, payments: 3_000)
        #expect(Array(PaymentStream(small)) == Array(PaymentStream(small)))
        var other = small
        other.seed = 43
        #expect(Array(PaymentStream(small)) != Array(PaymentStream(other)))
    }

    @Test("the payments come in the order of their times, numbered from 0, all of them positive")
    func order() {
        var last = plan.startMilliseconds
        var count = 0
        for payment in PaymentStream(plan) {
            #expect(payment.milliseconds >= last)
            #expect(payment.number == count)
            #expect(payment.cents > 0)
            last = payment.milliseconds
            count += 1
        }
        #expect(count == plan.payments)
        let span = last - plan.startMilliseconds
        #expect(span > plan.spanMilliseconds * 8 / 10 && span < plan.spanMilliseconds * 12 / 10)
    }

    @Test("about one payment in a hundred is fraud, and every pattern occurs")
    func fraudRate() {
        var counts: [FraudPattern: Int] = [:]
        for payment in PaymentStream(plan) { counts[payment.pattern, default: 0] += 1 }
        let fraud = plan.payments - counts[.none, default: 0]
        #expect(fraud > plan.payments * 6 / 1000 && fraud < plan.payments * 15 / 1000, "\(counts)")
        #expect(FraudPattern.allCases.allSatisfy { counts[$0, default: 0] > 0 }, "\(counts)")
    }

    @Test("days are busier than nights")
    func rhythm() {
        var hours = [Int](repeating: 0, count: 24)
        let days = SimulationPlan(seed: 2, payments: 40_000, spanMilliseconds: 4 * 86_400_000)
        for payment in PaymentStream(days) where !payment.isFraud {
            hours[Int(payment.milliseconds / 3_600_000 % 24)] += 1
        }
        #expect(hours[2] * 8 < hours[12])
    }

    @Test("honest and fraudulent amounts overlap: a single threshold does not tell them apart")
    func overlap() {
        var honest: [Int64] = []
        var fraud: [Int64] = []
        for payment in PaymentStream(plan) {
            if payment.isFraud { fraud.append(payment.cents) } else { honest.append(payment.cents) }
        }
        honest.sort()
        let high = honest[honest.count * 99 / 100]
        let above = fraud.count { $0 > high }
        #expect(above < fraud.count / 2 && above > 0)
    }

    @Test("a plan without fraud has none, and an empty plan no payment")
    func edges() {
        let honest = SimulationPlan(payments: 2_000, fraudPerMille: 0)
        #expect(PaymentStream(honest).allSatisfy { !$0.isFraud })
        #expect(Array(PaymentStream(SimulationPlan(payments: 0))).isEmpty)
        #expect(Array(PaymentStream(SimulationPlan(payments: -5, customers: -1))).isEmpty)
    }
}
