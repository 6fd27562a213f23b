import Statistics
import Testing

@Suite("Rank correlation")
struct RankCorrelationTests {
    @Test("the order decides, not the distance; ties share their ranks")
    func values() throws {
        let x: [Double] = [1, 2, 3, 4, 5]
        #expect(RankCorrelation.spearman(x, [2, 4, 8, 16, 99]) == 1)
        #expect(RankCorrelation.spearman(x, [9, 7, 5, 3, 1]) == -1)
        // scipy.stats.spearmanr
        expect(
            try #require(
                RankCorrelation.spearman(
                    [106, 100, 86, 101, 99, 103, 97, 113, 112, 110],
                    [7, 27, 2, 50, 28, 29, 20, 12, 6, 17])), -0.17575757575757575)
        expect(
            try #require(RankCorrelation.spearman([1, 1, 2, 3, 3, 3], [2, 1, 2, 5, 4, 4])),
            0.9057894597833126)
    }

    @Test("nothing to order has no correlation")
    func undefined() {
        #expect(RankCorrelation.spearman([], []) == nil)
        #expect(RankCorrelation.spearman([1], [2]) == nil)
        #expect(RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
    }
}
