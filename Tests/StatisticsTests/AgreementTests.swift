import Statistics
import Testing

@Suite("Champion and challenger")
struct AgreementTests {
    @Test("the published population stability index")
    func stability() {
        expect(
            PopulationStability.index(
                reference: [Int](repeating: 10, count: 10),
                current: [5, 8, 9, 10, 10, 11, 12, 12, 11, 12]), 0.0530193322145835)
    }

    @Test("an empty cell counts as a ten-thousandth, and nothing has not moved")
    func emptyCells() {
        expect(
            PopulationStability.index(reference: [50, 50], current: [100, 0]),
            0.5 * 0.693147180559945 + 0.4999 * 8.51719319141624)
        #expect(PopulationStability.index(reference: [0, 0], current: [1, 2]) == 0)
    }

    @Test("cells are (edge, next], come from the reference, merge equal edges and keep the missing")
    func cells() {
        let reference = ReferenceCells(reference: (1...100).map(Double.init) + [.nan])
        #expect(reference.edges == [10, 20, 30, 40, 50, 60, 70, 80, 90])
        #expect(
            reference.counts([10, 10.5, 90, 91, -.infinity, .infinity, .nan])
                == [1, 2, 1, 0, 0, 0, 0, 0, 0, 1, 2])
        #expect(ReferenceCells(reference: [5, 5, 5, 5]).edges == [5])
        #expect(ReferenceCells(reference: []).counts([1, .nan]) == [1, 1])
    }

    @Test("the swap set, its outcomes, agreement and kappa")
    func swapSet() throws {
        let pairs: [ScoreComparison.Pair] = [
            .init(champion: 0.9, challenger: 0.8, isPositive: true),
            .init(champion: 0.7, challenger: 0.2, isPositive: false),
            .init(champion: 0.6, challenger: 0.3),
            .init(champion: 0.1, challenger: 0.6, isPositive: true),
            .init(champion: 0.2, challenger: 0.1, isPositive: false),
            .init(champion: .nan, challenger: 0.1),
        ]
        let found = ScoreComparison(pairs, championThreshold: 0.5, challengerThreshold: 0.6)
        #expect(found.both.calls == 1)
        #expect(found.onlyChampion.calls == 2)
        #expect(found.onlyChampion.positiveShare == 0)
        #expect(found.onlyChallenger.positiveShare == 1)
        #expect(found.neither.calls == 1)
        #expect(found.unusable == 1)
        #expect(found.agreement == 0.4)
        expect(try #require(found.kappa), (0.4 - 0.48) / 0.52)
        expect(found.meanDifference, -0.1)
        expect(found.largestDifference, 0.5)
    }

    @Test("equal scores agree, and have not moved")
    func same() {
        let pairs = (0..<200).map {
            ScoreComparison.Pair(champion: Double($0) / 200, challenger: Double($0) / 200)
        }
        let found = ScoreComparison(pairs, championThreshold: 0.5, challengerThreshold: 0.5)
        #expect(found.agreement == 1)
        #expect(found.kappa == 1)
        #expect(found.stabilityIndex == 0)
        let nothing = ScoreComparison([], championThreshold: 0, challengerThreshold: 0)
        #expect(nothing.agreement == nil)
        #expect(nothing.kappa == nil)
    }
}
