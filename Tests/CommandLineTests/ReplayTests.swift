import AssayMessages
import Testing

@testable import assay

@Suite struct ReplayScheduleTests {
    @Test("every payment is handed out once, and a customer's in order, one at a time")
    func order() {
        var state: UInt64 = 3
        let customers = (0..<2_000).map { _ -> Int in
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return Int(state >> 58)
        }
        var schedule = ReplaySchedule(customers: customers)
        var flying: [Int] = []
        var done: [Int] = []
        for _ in 0..<16 { if let next = schedule.next() { flying.append(next) } }
        while !flying.isEmpty {
            #expect(Set(flying.map { customers[$0] }).count == flying.count)
            state = state &* 6_364_136_223_846_793_005 &+ 1
            let finished = flying.remove(at: Int(state >> 40) % flying.count)
            done.append(finished)
            if let next = schedule.next(after: finished) { flying.append(next) }
        }
        #expect(done.sorted() == Array(customers.indices))
        for customer in Set(customers) {
            let own = done.filter { customers[$0] == customer }
            #expect(own == own.sorted())
        }
    }

    @Test("an empty stream has no payment")
    func empty() {
        var schedule = ReplaySchedule(customers: [])
        #expect(schedule.next() == nil)
    }
}

@Suite struct LatencyHistogramTests {
    @Test("quantiles are those of the sorted times, at most 1.6 % above")
    func quantiles() {
        var histogram = LatencyHistogram()
        let times = (1...10_000).map { Int64($0 * $0 % 90_001) }
        for time in times { histogram.record(time) }
        let sorted = times.sorted()
        for share in [0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = sorted[max(0, Int((share * 10_000).rounded(.up)) - 1)]
            let found = histogram.quantile(share)
            #expect(found >= exact && Double(found) <= Double(exact) * 1.016 + 1, "\(share)")
        }
        #expect(histogram.count == 10_000 && histogram.longest == sorted.last)
    }

    @Test("no time, negative times and very long ones are counted")
    func edges() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == 0)
        histogram.record(-5)
        #expect(histogram.quantile(1) == 0)
        histogram.record(.max)
        #expect(histogram.quantile(1) > 1_000_000_000 && histogram.count == 2)
    }
}

@Suite struct ConfusionTableTests {
    @Test("counts stand in the row of the truth and the column of the decision")
    func table() {
        var table = ConfusionTable()
        for _ in 0..<3 { table.count(isPositive: true, .declined) }
        table.count(isPositive: true, .approved)
        for _ in 0..<8 { table.count(isPositive: false, .approved) }
        for _ in 0..<2 { table.count(isPositive: false, .challenge) }
        #expect(table.caught == 0.75 && table.disturbed == 0.2)
        let lines = table.lines(positive: "fraud", negative: "honest")
        #expect(lines.count == 3)
        #expect(lines[1].split(separator: " ") == ["honest", "8", "2", "0", "0"])
        #expect(lines[2].split(separator: " ") == ["fraud", "1", "0", "0", "3"])
        #expect(Set(lines.map(\.count)).count == 1)
    }

    @Test("an empty table divides by nothing")
    func empty() {
        #expect(ConfusionTable().caught == 0 && ConfusionTable().disturbed == 0)
    }
}
