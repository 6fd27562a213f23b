import Foundation
import Testing

@testable import Statistics

@Suite("Distributions")
struct DistributionTests {
    @Test("1,000 values of 40 digits, to 1e-12 relative")
    func reference() throws {
        let lines = try Self.table().split(separator: "\n")
        #expect(lines.count == 1_000)
        var worst: [String: Double] = [:]
        for line in lines {
            let fields = line.split(separator: "\t")
            let numbers = try fields.dropFirst().map { try #require(Double(String($0))) }
            let expected = try #require(numbers.last)
            let found = try Self.value(String(fields[0]), numbers)
            let scale = max(abs(expected), fields[0] == "log_beta" ? 1 : 0)
            let gap = found == expected ? 0 : abs(found - expected) / scale
            worst[String(fields[0])] = max(worst[String(fields[0])] ?? 0, gap)
            #expect(gap <= 1e-12, "\(line): \(found)")
        }
        print("largest relative differences:", worst.sorted { $0.key < $1.key })
    }

    private static func value(_ name: String, _ x: [Double]) throws -> Double {
        switch name {
        case "normal_upper": NormalDistribution.upperTail(x[0])
        case "normal_quantile": NormalDistribution.upperQuantile(x[0])
        case "chi_squared_upper":
            ChiSquaredDistribution.upperTail(x[0], degrees: Int(x[1]))
        case "student_two_sided":
            StudentDistribution.twoSidedTail(x[0], degrees: x[1])
        case "student_quantile":
            StudentDistribution.twoSidedQuantile(x[0], degrees: x[1])
        default: LogGamma.beta(x[0], x[1])
        }
    }

    private static func table() throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return try String(
            contentsOf: folder.appendingPathComponent("Fixtures/distributions.tsv"),
            encoding: .utf8)
    }

    @Test("the tails meet at their ends")
    func ends() {
        #expect(NormalDistribution.upperTail(0) == 0.5)
        #expect(NormalDistribution.upperTail(.infinity) == 0)
        #expect(NormalDistribution.upperTail(-.infinity) == 1)
        #expect(StudentDistribution.twoSidedTail(0, degrees: 5) == 1)
        #expect(StudentDistribution.twoSidedTail(.infinity, degrees: 5) == 0)
        #expect(ChiSquaredDistribution.upperTail(0, degrees: 3) == 1)
        #expect(ChiSquaredDistribution.upperTail(.infinity, degrees: 3) == 0)
        #expect(abs(NormalDistribution.upperQuantile(0.5)) < 1e-15)
    }

    @Test("ln Γ of whole numbers is the logarithm of factorials")
    func factorials() {
        var factorial = 1.0
        for n in 1...170 {
            factorial *= Double(n)
            let gap = abs(LogGamma.value(Double(n) + 1) - log(factorial))
            #expect(gap <= 2e-15 * max(1, log(factorial)), "\(n)!")
        }
    }

    @Test("the sequential sample ratio loses nothing with a hundred million units")
    func largeCounts() {
        // Integers, so that the plain formula with exact sums of logarithms can be written down.
        let few = SequentialSampleRatio.logBayesFactor(units: [12, 15], weights: [1, 1])
        var expected = 0.0
        for k in 0..<12 { expected += log((5_000 + Double(k)) / 0.5) }
        for k in 0..<15 { expected += log((5_000 + Double(k)) / 0.5) }
        for k in 0..<27 { expected -= log(10_000 + Double(k)) }
        #expect(abs(few - expected) < 1e-12)
        let even = SequentialSampleRatio.logBayesFactor(
            units: [50_000_000, 50_000_000], weights: [1, 1])
        // Without a gap only the prior's price is left: ½·ln((A + N)/A) and a little.
        expect(even, -0.5 * log(10_001), within: 1e-4)
    }
}
