import Foundation
import Testing

@testable import RiskCore

@Suite struct BacktestEstimateTests {
    @Test("few different things are counted exactly, many within four standard errors")
    func distinct() {
        for count in [0, 1, 17, 1_024, 1_025, 50_000] {
            var whole = DistinctCount(capacity: 1_024)
            var (left, right) = (whole, whole)
            for number in 0..<count {
                let hash = DistinctCount.hash("customer-\(number)")
                whole.insert(hash)
                whole.insert(hash)
                if number % 3 == 0 { left.insert(hash) } else { right.insert(hash) }
                if number % 5 == 0 { left.insert(hash) }
            }
            if count <= 1_024 {
                #expect(whole.count == UInt64(count))
            } else {
                let error = abs(Double(whole.count) - Double(count)) / Double(count)
                #expect(error < 4 / 1_022.0.squareRoot(), "\(whole.count) of \(count)")
            }
            right.merge(left)
            #expect(right == whole)
        }
    }

    @Test("intervals are Wilson's")
    func wilson() {
        // statsmodels.stats.proportion.proportion_confint(method="wilson")
        for (successes, trials, low, high) in [
            (8, 10, 0.4901624715, 0.9433178192), (1, 100, 0.0017674320, 0.0544861962),
            (50, 100, 0.4038315304, 0.5961684696),
        ] {
            let interval = ProportionEstimate(
                successes: UInt64(successes), trials: UInt64(trials)
            ).interval
            #expect(abs(interval.lowerBound - low) < 1e-6, "\(interval)")
            #expect(abs(interval.upperBound - high) < 1e-6, "\(interval)")
        }
        #expect(ProportionEstimate(successes: 0, trials: 0).interval == 0...1)
        #expect(ProportionEstimate(successes: 0, trials: 9).interval.lowerBound == 0)
        #expect(ProportionEstimate(successes: 9, trials: 9).interval.upperBound == 1)
    }

    @Test("parameters and lists are found in a condition, however it is spaced")
    func names() {
        let condition = "a.x > P.one && P . two_2 < 3 && tx.mcc in L.bad || MAP.x || aP.y || 'P.z'"
        let names = RuleContent.names(in: condition).map { "\($0.kind).\($0.name)" }
        #expect(names == ["P.one", "P.two_2", "L.bad", "P.z"])
    }

    @Test("money that adds up to too much stays at the greatest number")
    func saturation() {
        #expect(Int64.max.addingSaturated(1) == .max)
        #expect(Int64.min.addingSaturated(-1) == .min)
        #expect(Int64(5).addingSaturated(-7) == -2)
    }
}
